package dev.chaku.merge;

/**
 * The settings that methods are made of, for those who choose a method by its name.
 *
 * @param density the share of values that is kept
 * @param sign how a sign is elected
 * @param seed what is dropped at random
 * @param rank of the result
 */
public record MergeSettings(double density, SignElection sign, long seed, OutputRank rank) {
    /** {@return half of the values, the sign of the sum, seed 0, the method's own rank} */
    public static MergeSettings defaults() {
        return new MergeSettings(0.5, SignElection.TOTAL, 0, OutputRank.ofMethod());
    }

    /**
     * {@return these with another density}
     *
     * @param value more than 0 and at most 1
     */
    public MergeSettings withDensity(double value) {
        return new MergeSettings(value, sign, seed, rank);
    }

    /**
     * {@return these with another election}
     *
     * @param value how a sign is elected
     */
    public MergeSettings withSign(SignElection value) {
        return new MergeSettings(density, value, seed, rank);
    }

    /**
     * {@return these with another seed}
     *
     * @param value any number
     */
    public MergeSettings withSeed(long value) {
        return new MergeSettings(density, sign, value, rank);
    }

    /**
     * {@return these with another rank}
     *
     * @param value of the result
     */
    public MergeSettings withRank(OutputRank value) {
        return new MergeSettings(density, sign, seed, value);
    }
}
