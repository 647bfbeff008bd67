package dev.chaku.internal.adapter.merge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Matrices as arrays of rows and the plainest algorithms on them, which share nothing with those under test. */
final class Naive {
    private Naive() {}

    static double[][] product(double[][] x, double[][] y) {
        double[][] product = new double[x.length][y[0].length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < y[0].length; j++) {
                for (int k = 0; k < y.length; k++) {
                    product[i][j] += x[i][k] * y[k][j];
                }
            }
        }
        return product;
    }

    static double[][] transposed(double[][] x) {
        double[][] result = new double[x[0].length][x.length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x[0].length; j++) {
                result[j][i] = x[i][j];
            }
        }
        return result;
    }

    /** c₀ x₀ + c₁ x₁ + …. */
    static double[][] sum(double[] c, List<double[][]> all) {
        double[][] sum = new double[all.get(0).length][all.get(0)[0].length];
        for (int m = 0; m < c.length; m++) {
            for (int i = 0; i < sum.length; i++) {
                for (int j = 0; j < sum[0].length; j++) {
                    sum[i][j] += c[m] * all.get(m)[i][j];
                }
            }
        }
        return sum;
    }

    static double[][] scaled(double c, double[][] x) {
        return sum(new double[] {c}, Collections.singletonList(x));
    }

    static double sumOfSquares(double[][] x) {
        return Arrays.stream(x).flatMapToDouble(Arrays::stream).map(v -> v * v).sum();
    }

    /** Eigenvalues, falling, then one eigenvector a row, of a symmetric matrix, by two-sided Jacobi rotations. */
    static double[][] eigen(double[][] symmetric) {
        int n = symmetric.length;
        double[][] a = Arrays.stream(symmetric).map(double[]::clone).toArray(double[][]::new);
        double[][] v = new double[n][n];
        for (int i = 0; i < n; i++) {
            v[i][i] = 1;
        }
        for (int sweep = 0; sweep < 100; sweep++) {
            for (int p = 0; p < n; p++) {
                for (int q = p + 1; q < n; q++) {
                    if (a[p][q] == 0) {
                        continue;
                    }
                    double angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p]);
                    double c = Math.cos(angle);
                    double s = Math.sin(angle);
                    for (int k = 0; k < n; k++) {
                        double x = a[k][p];
                        double y = a[k][q];
                        a[k][p] = c * x - s * y;
                        a[k][q] = s * x + c * y;
                    }
                    for (int k = 0; k < n; k++) {
                        double x = a[p][k];
                        double y = a[q][k];
                        a[p][k] = c * x - s * y;
                        a[q][k] = s * x + c * y;
                        x = v[p][k];
                        y = v[q][k];
                        v[p][k] = c * x - s * y;
                        v[q][k] = s * x + c * y;
                    }
                }
            }
        }
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            order.add(i);
        }
        order.sort((i, j) -> Double.compare(a[j][j], a[i][i]));
        double[][] result = new double[n + 1][];
        result[0] = order.stream().mapToDouble(i -> a[i][i]).toArray();
        for (int i = 0; i < n; i++) {
            result[i + 1] = v[order.get(i)];
        }
        return result;
    }

    /** The best approximation of a rank, by the eigenvectors of MᵀM: M V Vᵀ. */
    static double[][] approximation(double[][] m, int rank) {
        double[][] eigen = eigen(product(transposed(m), m));
        double[][] v = Arrays.copyOfRange(eigen, 1, 1 + rank);
        return product(product(m, transposed(v)), v);
    }

    /** Singular values, falling. */
    static double[] singularValues(double[][] m) {
        return Arrays.stream(eigen(product(transposed(m), m))[0])
                .map(value -> Math.sqrt(Math.max(0, value)))
                .toArray();
    }

    static double[][] random(Random random, int rows, int columns) {
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            for (int j = 0; j < columns; j++) {
                // What a float holds exactly.
                row[j] = (float) random.nextGaussian();
            }
        }
        return values;
    }

    /** From an array, row after row. */
    static double[][] rows(double[] values, int rows, int columns) {
        double[][] result = new double[rows][];
        for (int i = 0; i < rows; i++) {
            result[i] = Arrays.copyOfRange(values, i * columns, (i + 1) * columns);
        }
        return result;
    }

    /** From an array, column after column. */
    static double[][] columns(double[] values, int rows, int columns) {
        return transposed(rows(values, columns, rows));
    }

    /** To an array, column after column. */
    static double[] flatColumns(double[][] x) {
        return Arrays.stream(transposed(x)).flatMapToDouble(Arrays::stream).toArray();
    }

    static float[] floats(double[][] x) {
        double[] flat = Arrays.stream(x).flatMapToDouble(Arrays::stream).toArray();
        float[] result = new float[flat.length];
        for (int i = 0; i < flat.length; i++) {
            result[i] = (float) flat[i];
        }
        return result;
    }

    static void assertEqual(double[][] expected, double[][] actual, double tolerance, String what) {
        if (expected.length != actual.length || expected[0].length != actual[0].length) {
            throw new AssertionError(what + ": expected " + expected.length + " x " + expected[0].length + ", got "
                    + actual.length + " x " + actual[0].length);
        }
        for (int i = 0; i < expected.length; i++) {
            for (int j = 0; j < expected[0].length; j++) {
                if (!(Math.abs(expected[i][j] - actual[i][j]) <= tolerance)) {
                    throw new AssertionError(
                            what + ": [" + i + "][" + j + "]: expected " + expected[i][j] + ", got " + actual[i][j]);
                }
            }
        }
    }
}
