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

    /** y += c0 x0 + c1 x1 + c2 x2 + c3 x3, the four one after the other in an array at a distance. */
    static void add4(double[] c, int cFrom, int cStep, double[] x, int xFrom, int xStep, double[] y, int yFrom, int n) {
        double c0 = c[cFrom];
        double c1 = c[cFrom + cStep];
        double c2 = c[cFrom + 2 * cStep];
        double c3 = c[cFrom + 3 * cStep];
        int x1 = xFrom + xStep;
        int x2 = x1 + xStep;
        int x3 = x2 + xStep;
        for (int i = 0; i < n; i++) {
            y[yFrom + i] += (c0 * x[xFrom + i] + c1 * x[x1 + i]) + (c2 * x[x2 + i] + c3 * x[x3 + i]);
        }
    }

    /**
     * y += Σ c_j x_j over a number of stretches that lie in an array at a distance, their factors in another.
     *
     * @param count how many
     */
    static void addAll(
            int count,
            double[] c,
            int cFrom,
            int cStep,
            double[] x,
            int xFrom,
            int xStep,
            double[] y,
            int yFrom,
            int n) {
        int j = 0;
        for (; j + 4 <= count; j += 4) {
            add4(c, cFrom + j * cStep, cStep, x, xFrom + j * xStep, xStep, y, yFrom, n);
        }
        for (; j < count; j++) {
            add(c[cFrom + j * cStep], x, xFrom + j * xStep, y, yFrom, n);
        }
    }

    static double sumOfSquares(double[] x, int from, int n) {
        return dot(x, from, x, from, n);
    }
}
