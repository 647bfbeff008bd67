package dev.chaku.internal.adapter.merge;

import java.util.stream.IntStream;

/**
 * The singular value decomposition U S Vᵀ of a small matrix, by one-sided Jacobi rotations: pairs of columns are
 * rotated until all are orthogonal; then their lengths are the singular values (Hestenes 1958; Golub and Van Loan 8.6;
 * the order of the columns by length at the start is de Rijk's, 1989). Small singular values come out as accurate as
 * large ones, and a matrix without full rank is no special case.
 *
 * <p>All matrices here are stored column after column.
 */
final class JacobiSvd {
    /** Columns are orthogonal whose cosine is less. */
    private static final double ORTHOGONAL = 1e-15;

    /** Convergence is quadratic: eight or so are usual. */
    private static final int MOST_SWEEPS = 60;

    private final int rows;
    private final int columns;
    private final double[] us;
    private final double[] v;
    private final double[] sigma;

    /** @param values [m, n]; is overwritten */
    private JacobiSvd(double[] values, int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        this.us = values;
        this.v = new double[columns * columns];
        for (int j = 0; j < columns; j++) {
            v[j * columns + j] = 1;
        }
        sort();
        for (int sweep = 0; sweep < MOST_SWEEPS && sweep(); sweep++) {
            continue;
        }
        sort();
        this.sigma = IntStream.range(0, columns).mapToDouble(this::length).toArray();
    }

    /**
     * Decomposes a matrix with any number of rows and columns.
     *
     * @param values [m, n], column after column; may be overwritten
     */
    static Svd of(double[] values, int rows, int columns) {
        if (rows >= columns) {
            JacobiSvd svd = new JacobiSvd(values, rows, columns);
            return new Svd(columns, svd.us, svd.sigma, svd.v);
        }
        // Of the transposed: its U S is V S here, and its V is U.
        double[] transposed = new double[values.length];
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                transposed[i * columns + j] = values[j * rows + i];
            }
        }
        JacobiSvd svd = new JacobiSvd(transposed, columns, rows);
        double[] us = svd.v;
        double[] v = svd.us;
        for (int r = 0; r < rows; r++) {
            double s = svd.sigma[r];
            for (int i = 0; i < rows; i++) {
                us[r * rows + i] *= s;
            }
            for (int i = 0; i < columns; i++) {
                v[r * columns + i] = s == 0 ? 0 : v[r * columns + i] / s;
            }
        }
        return new Svd(rows, us, svd.sigma, v);
    }

    /**
     * What a matrix [m, n] is made of. Columns of V whose singular value is zero may be zero.
     *
     * @param count min(m, n)
     * @param us U S, [m, count], column after column
     * @param sigma the singular values, falling
     * @param v V, [n, count], column after column
     */
    record Svd(int count, double[] us, double[] sigma, double[] v) {}

    private double length(int column) {
        return Math.sqrt(Vectors.sumOfSquares(us, column * rows, rows));
    }

    /** Longest columns first; equal ones stay in their order. */
    private void sort() {
        for (int j = 0; j < columns - 1; j++) {
            int longest = j;
            double most = length(j);
            for (int other = j + 1; other < columns; other++) {
                double length = length(other);
                if (length > most) {
                    longest = other;
                    most = length;
                }
            }
            if (longest != j) {
                swap(us, rows, j, longest);
                swap(v, columns, j, longest);
            }
        }
    }

    private static void swap(double[] values, int length, int one, int other) {
        for (int i = 0; i < length; i++) {
            double value = values[one * length + i];
            values[one * length + i] = values[other * length + i];
            values[other * length + i] = value;
        }
    }

    /** Whether a pair was rotated. */
    private boolean sweep() {
        boolean rotated = false;
        for (int p = 0; p < columns - 1; p++) {
            for (int q = p + 1; q < columns; q++) {
                double pp = Vectors.sumOfSquares(us, p * rows, rows);
                double qq = Vectors.sumOfSquares(us, q * rows, rows);
                double pq = Vectors.dot(us, p * rows, us, q * rows, rows);
                if (pq != 0 && Math.abs(pq) > ORTHOGONAL * Math.sqrt(pp) * Math.sqrt(qq)) {
                    double zeta = (qq - pp) / (2 * pq);
                    double t = Math.copySign(1, zeta) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
                    double cosine = 1 / Math.sqrt(1 + t * t);
                    rotate(us, rows, p, q, cosine, cosine * t);
                    rotate(v, columns, p, q, cosine, cosine * t);
                    rotated = true;
                }
            }
        }
        return rotated;
    }

    private static void rotate(double[] values, int length, int p, int q, double cosine, double sine) {
        int pFrom = p * length;
        int qFrom = q * length;
        for (int i = 0; i < length; i++) {
            double x = values[pFrom + i];
            double y = values[qFrom + i];
            values[pFrom + i] = cosine * x - sine * y;
            values[qFrom + i] = sine * x + cosine * y;
        }
    }
}
