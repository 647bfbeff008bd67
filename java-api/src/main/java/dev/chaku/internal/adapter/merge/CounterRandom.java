package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.random.SplitMix64;
import java.nio.charset.StandardCharsets;

/**
 * Random numbers by their number ({@link SplitMix64}): the i-th needs none before it, so that threads and parts change
 * nothing.
 */
final class CounterRandom {
    private final long start;

    /** @param name what they are for: other names have other numbers */
    CounterRandom(long seed, String name) {
        long hash = SplitMix64.mix(seed);
        for (byte letter : name.getBytes(StandardCharsets.UTF_8)) {
            hash = SplitMix64.mix(hash + SplitMix64.STEP + letter);
        }
        start = hash;
    }

    /** Evenly from 0 to below 1. */
    double at(long number) {
        return bits(number) * SplitMix64.UNIT;
    }

    /** All bits with a probability, else none. */
    long isBelow(long share, long number) {
        return bits(number) - share >> 63;
    }

    /** A probability as {@link #isBelow} takes it. */
    static long share(double probability) {
        return (long) Math.ceil(probability / SplitMix64.UNIT);
    }

    private long bits(long number) {
        return SplitMix64.mix(start + (number + 1) * SplitMix64.STEP) >>> 11;
    }
}
