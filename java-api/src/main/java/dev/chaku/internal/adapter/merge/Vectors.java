package dev.chaku.internal.adapter.merge;

/**
 * Loops over stretches of arrays, written so that the compiler makes vector instructions of them, or, where the order
 * of a sum may not change, several independent sums. No loop's order depends on the machine.
 */
final class Vectors {
    private Vectors() {}

    /** The inner product of two stretches. */
    static double dot(double[] x, int xFrom, double[] y, int yFrom, int n) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        double s4 = 0;
        double s5 = 0;
        double s6 = 0;
        double s7 = 0;
        int i = 0;
        for (; i + 8 <= n; i += 8) {
            s0 += x[xFrom + i] * y[yFrom + i];
            s1 += x[xFrom + i + 1] * y[yFrom + i + 1];
            s2 += x[xFrom + i + 2] * y[yFrom + i + 2];
            s3 += x[xFrom + i + 3] * y[yFrom + i + 3];
            s4 += x[xFrom + i + 4] * y[yFrom + i + 4];
            s5 += x[xFrom + i + 5] * y[yFrom + i + 5];
            s6 += x[xFrom + i + 6] * y[yFrom + i + 6];
            s7 += x[xFrom + i + 7] * y[yFrom + i + 7];
        }
        for (; i < n; i++) {
            s0 += x[xFrom + i] * y[yFrom + i];
        }
        return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7));
    }

    /** y += c x. */
    static void add(double c, double[] x, int xFrom, double[] y, int yFrom, int n) {
        for (int i = 0; i < n; i++) {
            y[yFrom + i] += c * x[xFrom + i];
        }
    }

    /**
     * y += c X: the one loop of large products. Four rows of X at a time, each an array of its own like y, and one
     * index for all: what the compiler makes vector instructions of. With two rows of y, or offsets, it does not.
     *
     * @param c holds the factors, side by side from an index on
     * @param x rows of at least n values
     * @param xFrom the first of the rows
     * @param inner how many of them
     */
    static void addRows(double[] c, int cFrom, double[][] x, int xFrom, int inner, double[] y, int n) {
        int k = 0;
        for (; k + 4 <= inner; k += 4) {
            addFourRows(c, cFrom + k, x[xFrom + k], x[xFrom + k + 1], x[xFrom + k + 2], x[xFrom + k + 3], y, n);
        }
        for (; k < inner; k++) {
            addRow(c[cFrom + k], x[xFrom + k], y, n);
        }
    }

    private static void addFourRows(
            double[] c, int from, double[] x0, double[] x1, double[] x2, double[] x3, double[] y, int n) {
        double c0 = c[from];
        double c1 = c[from + 1];
        double c2 = c[from + 2];
        double c3 = c[from + 3];
        for (int i = 0; i < n; i++) {
            y[i] += (c0 * x0[i] + c1 * x1[i]) + (c2 * x2[i] + c3 * x3[i]);
        }
    }

    /** y += c x. */
    static void addRow(double c, double[] x, double[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] += c * x[i];
        }
    }

    /**
     * A matrix in an array: its element [i][j] stands at from + i · down + j · across.
     *
     * @param down from a row to the next
     * @param across from a column to the next
     */
    record Grid(double[] values, int from, int down, int across) {
        /** One whose rows are contiguous. */
        static Grid ofRows(double[] values, int from, int down) {
            return new Grid(values, from, down, 1);
        }
    }

    /**
     * Y += C X. Two rows of Y at a time take four of X: of all numbers of rows the fastest that was measured.
     *
     * @param c [rows, inner]
     * @param x [inner, n], its rows contiguous
     * @param y [rows, n], its rows contiguous
     */
    static void addProduct(Grid c, Grid x, Grid y, int rows, int inner, int n) {
        int i = 0;
        for (; i + 2 <= rows; i += 2) {
            int k = 0;
            for (; k + 4 <= inner; k += 4) {
                addFourToTwo(c, c.from + i * c.down + k * c.across, x, x.from + k * x.down, y, y.from + i * y.down, n);
            }
            addRest(c, x, y, i, k, inner, n);
            addRest(c, x, y, i + 1, k, inner, n);
        }
        if (i < rows) {
            addRest(c, x, y, i, 0, inner, n);
        }
    }

    private static void addFourToTwo(Grid factors, int cFrom, Grid inputs, int xFrom, Grid outputs, int yFrom, int n) {
        double[] c = factors.values;
        double[] x = inputs.values;
        double[] y = outputs.values;
        int across = factors.across;
        int dFrom = cFrom + factors.down;
        double c0 = c[cFrom];
        double c1 = c[cFrom + across];
        double c2 = c[cFrom + 2 * across];
        double c3 = c[cFrom + 3 * across];
        double d0 = c[dFrom];
        double d1 = c[dFrom + across];
        double d2 = c[dFrom + 2 * across];
        double d3 = c[dFrom + 3 * across];
        int x1From = xFrom + inputs.down;
        int x2From = x1From + inputs.down;
        int x3From = x2From + inputs.down;
        int zFrom = yFrom + outputs.down;
        for (int i = 0; i < n; i++) {
            double x0 = x[xFrom + i];
            double x1 = x[x1From + i];
            double x2 = x[x2From + i];
            double x3 = x[x3From + i];
            y[yFrom + i] += (c0 * x0 + c1 * x1) + (c2 * x2 + c3 * x3);
            y[zFrom + i] += (d0 * x0 + d1 * x1) + (d2 * x2 + d3 * x3);
        }
    }

    private static void addRest(Grid c, Grid x, Grid y, int row, int from, int inner, int n) {
        for (int k = from; k < inner; k++) {
            add(
                    c.values[c.from + row * c.down + k * c.across],
                    x.values,
                    x.from + k * x.down,
                    y.values,
                    y.from + row * y.down,
                    n);
        }
    }

    static double sumOfSquares(double[] x, int from, int n) {
        return dot(x, from, x, from, n);
    }
}
