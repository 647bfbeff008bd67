package dev.chaku.internal.adapter.merge;

/**
 * The decomposition of a matrix M, of shape [m, n], into Q R: Q of orthonormal columns, R upper triangular.
 *
 * <p>Column k is reflected onto the first axis of what is left below row k by H = I - τ v vᵀ, v_k = 1 (Householder
 * 1958; Golub and Van Loan, Matrix Computations, 5.2; the layout is LAPACK's: v below the diagonal, R on and above it).
 * Q is the product of the reflections and is never formed: {@link #applyQ} multiplies by it, in 4 m n operations a
 * column. Unlike the Cholesky factor of MᵀM, R loses no digits where columns are nearly parallel, as those of two
 * adapters of one base may be.
 *
 * <p>All matrices here are stored column after column.
 */
final class HouseholderQr {
    private final int rows;
    private final int columns;
    private final int steps;
    private final double[] values;
    private final double[] tau;

    /**
     * Decomposes.
     *
     * @param values [m, n], column after column; is overwritten, and kept
     */
    HouseholderQr(double[] values, int rows, int columns) {
        this.values = values;
        this.rows = rows;
        this.columns = columns;
        this.steps = Math.min(rows, columns);
        this.tau = new double[steps];
        for (int k = 0; k < steps; k++) {
            reflect(k);
            for (int j = k + 1; j < columns; j++) {
                applyReflection(k, values, j * rows);
            }
        }
    }

    /** min(m, n): the rows of R, and the columns of Q that count. */
    int steps() {
        return steps;
    }

    private void reflect(int k) {
        int at = k * rows + k;
        int below = rows - k - 1;
        double tail = Vectors.sumOfSquares(values, at + 1, below);
        if (tail == 0) {
            return;
        }
        double head = values[at];
        double beta = -Math.copySign(Math.sqrt(head * head + tail), head);
        tau[k] = (beta - head) / beta;
        double scale = 1 / (head - beta);
        for (int i = at + 1; i <= at + below; i++) {
            values[i] *= scale;
        }
        values[at] = beta;
    }

    /** A column of m values, reflected. */
    private void applyReflection(int k, double[] x, int from) {
        if (tau[k] == 0) {
            return;
        }
        int v = k * rows + k + 1;
        int below = rows - k - 1;
        double sum = tau[k] * (x[from + k] + Vectors.dot(values, v, x, from + k + 1, below));
        x[from + k] -= sum;
        Vectors.add(-sum, values, v, x, from + k + 1, below);
    }

    /** R, of shape [min(m, n), n], column after column. */
    double[] r() {
        double[] r = new double[steps * columns];
        for (int j = 0; j < columns; j++) {
            System.arraycopy(values, j * rows, r, j * steps, Math.min(j + 1, steps));
        }
        return r;
    }

    /**
     * Q X.
     *
     * @param x [min(m, n), count], column after column
     * @return [m, count], column after column
     */
    double[] applyQ(double[] x, int count) {
        double[] result = new double[rows * count];
        for (int j = 0; j < count; j++) {
            System.arraycopy(x, j * steps, result, j * rows, steps);
            for (int k = steps - 1; k >= 0; k--) {
                applyReflection(k, result, j * rows);
            }
        }
        return result;
    }
}
