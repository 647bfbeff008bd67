package dev.chaku.internal.adapter.merge;

import java.util.OptionalDouble;

/**
 * The factors of a merged matrix, of scale 1.
 *
 * @param rank R
 * @param a [R, K], row after row
 * @param b [N, R], row after row
 * @param energy the share of the sum of squared singular values that they keep, where something was decomposed
 */
record Merged(int rank, double[] a, double[] b, OptionalDouble energy) {
    /** B from its columns, one after the other. */
    static double[] rows(double[] columns, int outputs, int rank) {
        double[] b = new double[outputs * rank];
        for (int r = 0; r < rank; r++) {
            for (int row = 0; row < outputs; row++) {
                b[row * rank + r] = columns[r * outputs + row];
            }
        }
        return b;
    }
}
