package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.engine.ChangeRows;

/**
 * How a change of weights compares with what was written of it. With D the change that was wanted and W the one that
 * came out, each value weighed by its column's importance where that is known:
 *
 * @param wanted the sum of D²
 * @param common the sum of D W
 * @param lost the sum of (W - D)²
 */
public record MergeSums(double wanted, double common, double lost) {
    public static final MergeSums NONE = new MergeSums(0, 0, 0);

    static MergeSums of(ChangeRows.Sums sums) {
        return new MergeSums(sums.wanted(), sums.common(), sums.lost());
    }

    /** The sums of both. */
    public MergeSums plus(MergeSums other) {
        return new MergeSums(wanted + other.wanted, common + other.common, lost + other.lost);
    }

    /** As if all were there so many times. */
    public MergeSums times(double factor) {
        return new MergeSums(wanted * factor, common * factor, lost * factor);
    }

    /** The share of the change that is there in its own direction: 1 for all of it; 1 where nothing was wanted. */
    public double kept() {
        return wanted == 0 ? 1 : common / wanted;
    }

    /** What is wrong, as a share of the change: 0 for nothing, 1 for as much as if there were no change. */
    public double error() {
        return wanted == 0 ? 0 : Math.sqrt(lost / wanted);
    }
}
