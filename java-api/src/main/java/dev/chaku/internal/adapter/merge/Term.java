package dev.chaku.internal.adapter.merge;

/**
 * What one adapter adds to one matrix: weight · scale · B A.
 *
 * @param adapter its number among those that are merged
 * @param weight what it was given
 * @param scale alpha / rank
 * @param rank R
 * @param a holds A, [R, K], row after row
 * @param aFrom where it begins
 * @param b holds B, [N, R], row after row
 * @param bFrom where it begins
 */
record Term(int adapter, double weight, double scale, int rank, float[] a, int aFrom, float[] b, int bFrom) {
    /** Fills c A in, row after row. */
    void a(double c, int inputs, double[] target, int from) {
        int n = rank * inputs;
        for (int i = 0; i < n; i++) {
            target[from + i] = c * a[aFrom + i];
        }
    }

    /** Fills c B in, column after column. */
    void bColumns(double c, int outputs, double[] target, int from) {
        for (int row = 0; row < outputs; row++) {
            for (int r = 0; r < rank; r++) {
                target[from + r * outputs + row] = c * b[bFrom + row * rank + r];
            }
        }
    }
}
