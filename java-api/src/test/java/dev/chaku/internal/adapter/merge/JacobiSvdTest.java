package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.internal.adapter.merge.JacobiSvd.Svd;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JacobiSvdTest {
    private static Svd check(double[][] m, double tolerance) {
        int rows = m.length;
        int columns = m[0].length;
        Svd svd = JacobiSvd.of(Naive.flatColumns(m), rows, columns);
        int count = Math.min(rows, columns);
        assertEquals(count, svd.count());
        double[][] us = Naive.columns(svd.us(), rows, count);
        double[][] v = Naive.columns(svd.v(), columns, count);
        Naive.assertEqual(m, Naive.product(us, Naive.transposed(v)), tolerance, "U S Vᵀ");
        double[][] squares = Naive.product(Naive.transposed(us), us);
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < count; j++) {
                double expected = i == j ? svd.sigma()[i] * svd.sigma()[i] : 0;
                assertEquals(expected, squares[i][j], tolerance * Math.max(1, svd.sigma()[0]), "UᵀU");
            }
            assertTrue(i == 0 || svd.sigma()[i] <= svd.sigma()[i - 1], "falling");
        }
        return svd;
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 2", "2, 3", "8, 8", "32, 32", "40, 7", "7, 40"})
    void anyShapeIsWhatItIsMadeOf(int rows, int columns) {
        double[][] m = Naive.random(new Random(rows + 31 * columns), rows, columns);
        Svd svd = check(m, 1e-12);
        double[] expected = Naive.singularValues(m);
        assertArrayEquals(Arrays.copyOf(expected, svd.count()), svd.sigma(), 1e-6);
    }

    @Test
    void knownValues() {
        // A turn by 30°, lengths 3 and 1/2, another turn.
        double c = Math.cos(Math.PI / 6);
        double s = 0.5;
        double[][] m = Naive.product(
                new double[][] {{c, -s}, {s, c}},
                Naive.product(new double[][] {{0.5, 0}, {0, 3}}, new double[][] {{0.6, 0.8}, {-0.8, 0.6}}));
        assertArrayEquals(new double[] {3, 0.5}, check(m, 1e-15).sigma(), 1e-15);
    }

    @Test
    void smallSingularValuesKeepTheirDigits() {
        double[][] m = Naive.random(new Random(5), 6, 6);
        double[] scales = {1, 1e-4, 1e-8, 1e-12, 1e-16, 1e-20};
        for (double[] row : m) {
            for (int j = 0; j < 6; j++) {
                row[j] *= scales[j];
            }
        }
        double product = 1;
        for (double sigma : check(m, 1e-13).sigma()) {
            product *= sigma;
        }
        double determinant = Math.abs(determinant(m));
        assertEquals(1, product / determinant, 1e-10, "the product of all singular values is the determinant");
    }

    private static double determinant(double[][] m) {
        double[][] a = Arrays.stream(m).map(double[]::clone).toArray(double[][]::new);
        double result = 1;
        for (int k = 0; k < a.length; k++) {
            result *= a[k][k];
            for (int i = k + 1; i < a.length; i++) {
                double f = a[i][k] / a[k][k];
                for (int j = k; j < a.length; j++) {
                    a[i][j] -= f * a[k][j];
                }
            }
        }
        return result;
    }

    @Test
    void matricesWithoutFullRankAreNoSpecialCase() {
        double[][] m = Naive.product(Naive.random(new Random(1), 9, 2), Naive.random(new Random(2), 2, 5));
        Svd svd = check(m, 1e-13);
        assertEquals(0, svd.sigma()[2], 1e-14);
        assertArrayEquals(new double[3], check(new double[4][3], 0).sigma());
        check(Naive.transposed(m), 1e-13);
    }
}
