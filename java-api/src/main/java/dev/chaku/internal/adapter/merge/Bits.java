package dev.chaku.internal.adapter.merge;

/**
 * Choices without branches, as masks of 64 bits: all of them for yes, none for no. Which values stay is a toss-up at
 * every one of them, and a branch that is guessed wrong costs more than all else that is done to a value.
 */
final class Bits {
    private Bits() {}

    /** Yes if a number is negative; not of -0. */
    static long isNegative(double value) {
        return Double.doubleToRawLongBits(value + 0.0) >> 63;
    }

    /** Yes if a number is not zero. */
    static long isNotZero(double value) {
        long bits = Double.doubleToRawLongBits(value + 0.0);
        return (bits | -bits) >> 63;
    }

    /** The value for yes, zero for no. */
    static double choose(long mask, double value) {
        return Double.longBitsToDouble(Double.doubleToRawLongBits(value) & mask);
    }
}
