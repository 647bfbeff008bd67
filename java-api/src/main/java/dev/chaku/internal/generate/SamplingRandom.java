package dev.chaku.internal.generate;

/**
 * Reproducible random numbers: the mixing function of SplitMix64 [1] over a counter, so that the n-th number of a seed
 * is the same on every machine. Not thread-safe.
 *
 * <p>[1] Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
 */
final class SamplingRandom {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final double UNIT = 0x1.0p-53;

    private long state;

    SamplingRandom(long seed) {
        this.state = seed;
    }

    /** Uniform in [0, 1). */
    double next() {
        state += GOLDEN;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return (z >>> 11) * UNIT;
    }
}
