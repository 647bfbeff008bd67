package dev.chaku.internal.generate;

import dev.chaku.internal.random.SplitMix64;

/** The random numbers of a seed ({@link SplitMix64}), one after another. Not thread-safe. */
final class SamplingRandom {
    private long state;

    SamplingRandom(long seed) {
        this.state = seed;
    }

    /** The same numbers from here on, apart. */
    SamplingRandom fork() {
        return new SamplingRandom(state);
    }

    /** Uniform in [0, 1). */
    double next() {
        state += SplitMix64.STEP;
        return (SplitMix64.mix(state) >>> 11) * SplitMix64.UNIT;
    }
}
