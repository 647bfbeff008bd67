package dev.chaku.internal.random;

/**
 * Random numbers by their number: the output function of SplitMix64 [1] over a counter, the same on every machine.
 *
 * <p>[1] Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
 */
public final class SplitMix64 {
    /** What a counter grows by. */
    public static final long STEP = 0x9E3779B97F4A7C15L;

    /** One of the 2^53 parts that the top bits of a number divide [0, 1) into. */
    public static final double UNIT = 0x1.0p-53;

    private SplitMix64() {}

    /** A counter's 64 random bits. */
    public static long mix(long counter) {
        long z = (counter ^ (counter >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
