package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.internal.adapter.merge.Vectors.Grid;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VectorsTest {
    /**
     * Rows of Y are taken in twos and of X in fours; what is left over is done too, and nothing beside it is touched.
     */
    @ParameterizedTest
    @CsvSource({"1, 1, 1", "2, 4, 8", "3, 5, 7", "4, 3, 9", "5, 9, 1", "2, 0, 3", "7, 16, 33"})
    void productsOfAnyShapeAreAdded(int rows, int inner, int n) {
        Random random = new Random(rows * 100 + inner);
        double[][] c = Naive.random(random, rows, Math.max(1, inner));
        double[][] x = Naive.random(random, Math.max(1, inner), n);
        double[] y = new double[rows * (n + 2) + 3];
        Arrays.fill(y, 5);
        double[] xs = new double[Math.max(1, inner) * (n + 1)];
        for (int k = 0; k < inner; k++) {
            System.arraycopy(x[k], 0, xs, k * (n + 1), n);
        }
        double[] cs = Naive.flatColumns(c);
        Grid transposed = new Grid(cs, 0, 1, rows);
        Vectors.addProduct(transposed, Grid.ofRows(xs, 0, n + 1), Grid.ofRows(y, 3, n + 2), rows, inner, n);
        for (int at = 0; at < y.length; at++) {
            int row = at < 3 ? rows : (at - 3) / (n + 2);
            int column = at < 3 ? n : (at - 3) % (n + 2);
            double expected = 5;
            for (int k = 0; row < rows && column < n && k < inner; k++) {
                expected += c[row][k] * x[k][column];
            }
            assertEquals(expected, y[at], 1e-12, row + ", " + column);
        }
    }

    /** Rows are taken in fours; what is left over is done too, and nothing beside it is touched. */
    @ParameterizedTest
    @CsvSource({"1, 1", "3, 7", "4, 8", "5, 9", "16, 33"})
    void rowsOfAnyNumberAreAdded(int inner, int n) {
        Random random = new Random(inner);
        double[][] c = Naive.random(random, 1, inner + 2);
        double[][] x = Naive.random(random, inner + 1, n + 1);
        double[] y = new double[n + 1];
        Arrays.fill(y, 5);
        Vectors.addRows(c[0], 2, x, 1, inner, y, n);
        for (int at = 0; at <= n; at++) {
            double expected = 5;
            for (int k = 0; at < n && k < inner; k++) {
                expected += c[0][k + 2] * x[k + 1][at];
            }
            assertEquals(expected, y[at], 1e-12);
        }
    }

    @Test
    void innerProductsOfAnyLength() {
        for (int n : new int[] {0, 1, 7, 8, 9, 31}) {
            double[] x = new double[n + 2];
            double expected = 0;
            for (int i = 0; i < n; i++) {
                x[i + 2] = i + 1;
                expected += (i + 1) * (i + 1.0);
            }
            assertEquals(expected, Vectors.dot(x, 2, x, 2, n), 1e-9);
        }
    }
}
