package dev.chaku.internal.train;

import java.util.OptionalDouble;

/**
 * The rewards that preferences give answers, in sums: what their loss compares, times beta.
 *
 * @param better of chosen or wanted answers
 * @param worse of the others
 */
record Rewards(double better, long betterAnswers, double worse, long worseAnswers) {
    static final Rewards NONE = new Rewards(0, 0, 0, 0);

    static Rewards ofPair(double better, double worse) {
        return new Rewards(better, 1, worse, 1);
    }

    static Rewards ofAnswer(boolean wanted, double reward) {
        return wanted ? new Rewards(reward, 1, 0, 0) : new Rewards(0, 0, reward, 1);
    }

    Rewards plus(Rewards other) {
        return new Rewards(
                better + other.better,
                betterAnswers + other.betterAnswers,
                worse + other.worse,
                worseAnswers + other.worseAnswers);
    }

    /** The mean of the better less that of the worse; empty unless there are both. */
    OptionalDouble margin() {
        return betterAnswers == 0 || worseAnswers == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(better / betterAnswers - worse / worseAnswers);
    }
}
