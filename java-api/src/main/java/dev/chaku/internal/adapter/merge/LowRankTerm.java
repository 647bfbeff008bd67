package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.engine.TensorSpec;
import java.nio.DoubleBuffer;

/**
 * What a low-rank product adds to some rows of a tensor: row n gains {@code scale * sum over r of c[n,r] d[r]}.
 * Immutable.
 *
 * @param scale of the adapter: what it is worn with, times alpha / rank
 * @param rank R
 * @param columns K
 * @param c the coefficients, [n, R] from {@code firstC} on; not copied
 * @param firstC index of the first coefficient
 * @param d the directions, [R, K] from {@code firstD} on; not copied
 * @param firstD index of the first direction's first value
 * @param rows which rows of the tensor
 */
record LowRankTerm(double scale, int rank, int columns, float[] c, int firstC, float[] d, int firstD, Rows rows) {
    /**
     * Rows of a tensor that are a product's.
     *
     * @param first row of the tensor
     * @param count how many
     * @param turns 0 where they lie together; else they stand in turns with as many of another's, so many at a time
     */
    record Rows(long first, long count, long turns) {
        static Rows of(TensorSpec tensor) {
            return new Rows(tensor.first(), tensor.rows(), tensor.turns());
        }

        /** Which of the product's rows a row of the tensor is; -1 if none. */
        long local(long row) {
            long from = row - first;
            if (from < 0) {
                return -1;
            }
            if (turns > 0) {
                from = from % (2 * turns) < turns ? from / (2 * turns) * turns + from % (2 * turns) : -1;
            }
            return from < count ? from : -1;
        }

        /** Whether a tensor's row may be among both. */
        boolean meets(Rows other) {
            boolean apart = turns == 0
                    && other.turns == 0
                    && (first + count <= other.first || other.first + other.count <= first);
            boolean inTurns = turns > 0 && turns == other.turns && first != other.first;
            return !apart && !inTurns;
        }
    }

    /** Whether it adds anything to a row. */
    boolean touches(long row) {
        long local = rows.local(row);
        if (local < 0) {
            return false;
        }
        int from = firstC + Math.toIntExact(local * rank);
        for (int r = 0; r < rank; r++) {
            if (c[from + r] != 0) {
                return true;
            }
        }
        return false;
    }

    /** Puts what each direction is multiplied by for a row of the tensor. */
    void putCoefficients(long row, DoubleBuffer coefficients) {
        long local = rows.local(row);
        int from = firstC + Math.toIntExact(Math.max(0, local) * rank);
        for (int r = 0; r < rank; r++) {
            coefficients.put(local < 0 ? 0 : scale * c[from + r]);
        }
    }
}
