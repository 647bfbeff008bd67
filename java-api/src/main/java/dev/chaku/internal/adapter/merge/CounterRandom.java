package dev.chaku.internal.adapter.merge;

import java.nio.charset.StandardCharsets;

/**
 * Random numbers by their number: the i-th needs none before it, so that threads and parts change nothing. It is the
 * output function of SplitMix64 (Steele, Lea and Flood 2014), of a counter.
 */
final class CounterRandom {
    private static final long STEP = 0x9E3779B97F4A7C15L;
    private static final double UNIT = 0x1.0p-53;

    private final long start;

    /** @param name what they are for: other names have other numbers */
    CounterRandom(long seed, String name) {
        long hash = mix(seed);
        for (byte letter : name.getBytes(StandardCharsets.UTF_8)) {
            hash = mix(hash + STEP + letter);
        }
        start = hash;
    }

    private static long mix(long value) {
        long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }

    /** Evenly from 0 to below 1. */
    double at(long number) {
        return bits(number) * UNIT;
    }

    /** Yes ({@link Bits}) with a probability. */
    long isBelow(long share, long number) {
        return bits(number) - share >> 63;
    }

    /** A probability as {@link #isBelow} takes it. */
    static long share(double probability) {
        return (long) Math.ceil(probability / UNIT);
    }

    private long bits(long number) {
        return mix(start + (number + 1) * STEP) >>> 11;
    }
}
