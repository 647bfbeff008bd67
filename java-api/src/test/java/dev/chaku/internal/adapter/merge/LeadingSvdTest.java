package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.internal.adapter.merge.JacobiSvd.Svd;
import dev.chaku.internal.adapter.merge.LeadingSvd.Leading;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the exact decomposition. */
class LeadingSvdTest {
    private static LeadingSvd.Matrix matrix(double[][] m) {
        return new LeadingSvd.Matrix() {
            @Override
            public int rows() {
                return m.length;
            }

            @Override
            public int columns() {
                return m[0].length;
            }

            @Override
            public double[] times(double[] q, int count) {
                return Naive.flatColumns(Naive.product(m, Naive.columns(q, columns(), count)));
            }

            @Override
            public double[] transposedTimes(double[] y, int count) {
                return Naive.flatColumns(Naive.product(Naive.transposed(m), Naive.columns(y, rows(), count)));
            }
        };
    }

    /** Singular values that fall by a factor from each to the next. */
    private static double[][] falling(int rows, int columns, double factor) {
        double[][] m = Naive.random(new Random(rows * 7L + columns), rows, columns);
        Svd svd = JacobiSvd.of(Naive.flatColumns(m), rows, columns);
        double[] us = svd.us();
        double sigma = 1;
        for (int j = 0; j < svd.count(); j++) {
            for (int i = 0; i < rows; i++) {
                us[j * rows + i] *= sigma / svd.sigma()[j];
            }
            sigma *= factor;
        }
        return Naive.product(
                Naive.columns(us, rows, svd.count()), Naive.transposed(Naive.columns(svd.v(), columns, svd.count())));
    }

    @ParameterizedTest
    @CsvSource({"48, 64, 6, 0.9", "64, 48, 6, 0.9", "100, 30, 4, 0.9", "5, 9, 3, 1", "9, 5, 8, 0.5", "1, 4, 2, 1"})
    void valuesAndSubspaceAreTheExactOnes(int rows, int columns, int wanted, double factor) {
        double[][] m = falling(rows, columns, factor);
        Svd exact = JacobiSvd.of(Naive.flatColumns(m), rows, columns);
        Leading leading = LeadingSvd.of(matrix(m), wanted);
        int count = Math.min(wanted, Math.min(rows, columns));
        assertEquals(count, leading.sigma().length);
        for (int j = 0; j < count; j++) {
            assertEquals(exact.sigma()[j], leading.sigma()[j], 1e-7, "singular value " + j);
        }
        // U S V^T of those that are wanted says both subspaces, whatever the signs.
        double[][] found = new double[rows][columns];
        double[][] expected = new double[rows][columns];
        for (int j = 0; j < count; j++) {
            for (int i = 0; i < rows; i++) {
                for (int k = 0; k < columns; k++) {
                    expected[i][k] += exact.us()[j * rows + i] * exact.v()[j * columns + k];
                    found[i][k] += leading.sigma()[j] * leading.u()[j * rows + i] * leading.v()[j * columns + k];
                }
            }
        }
        // Of equal values any vectors do; here only where all are wanted.
        if (factor < 1 || count == Math.min(rows, columns)) {
            Naive.assertEqual(expected, found, 1e-5, "leading part");
        }
    }

    @Test
    void isTheSameEachTime() {
        double[][] m = falling(40, 50, 0.97);
        Leading one = LeadingSvd.of(matrix(m), 5);
        Leading two = LeadingSvd.of(matrix(m), 5);
        assertArrayEquals(one.u(), two.u(), 0);
        assertArrayEquals(one.v(), two.v(), 0);
    }

    /** Where singular values hardly fall no vectors are found, but a part that holds nearly as much. */
    @Test
    void whatHardlyFallsIsHeldNearlyAsWell() {
        double[][] m = Naive.random(new Random(3), 80, 90);
        Svd exact = JacobiSvd.of(Naive.flatColumns(m), 80, 90);
        Leading leading = LeadingSvd.of(matrix(m), 8);
        double most = 0;
        double held = 0;
        for (int j = 0; j < 8; j++) {
            most += exact.sigma()[j] * exact.sigma()[j];
            held += leading.sigma()[j] * leading.sigma()[j];
        }
        assertTrue(held <= most * (1 + 1e-12) && held > 0.98 * most, held + " of " + most);
    }

    @Test
    void whatLacksRankHasSingularValuesOfZero() {
        double[][] m = new double[20][16];
        m[3][5] = 2;
        m[7][1] = -1;
        Leading leading = LeadingSvd.of(matrix(m), 4);
        assertArrayEquals(new double[] {2, 1, 0, 0}, leading.sigma(), 1e-12);
        for (double value : leading.u()) {
            assertTrue(Double.isFinite(value));
        }
        Leading zero = LeadingSvd.of(matrix(new double[12][12]), 3);
        assertArrayEquals(new double[3], zero.sigma(), 0);
        for (double value : zero.v()) {
            assertTrue(Double.isFinite(value));
        }
    }
}
