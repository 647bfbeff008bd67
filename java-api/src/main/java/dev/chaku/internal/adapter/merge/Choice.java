package dev.chaku.internal.adapter.merge;

/**
 * Choices without branches, as factors of 1 for yes and 0 for no: in loops over arrays they become vector instructions.
 * Which values stay is a toss-up at every one of them, and a branch that is guessed wrong costs more than all else that
 * is done to a value.
 */
final class Choice {
    private Choice() {}

    /** 1 if a number is more than 0, else 0. Numbers below {@link Double#MIN_NORMAL} are none that occur here. */
    static double isPositive(double value) {
        return Math.min(1, Math.max(0, value) * Double.MAX_VALUE);
    }
}
