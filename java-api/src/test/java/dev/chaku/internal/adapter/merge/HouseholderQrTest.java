package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HouseholderQrTest {
    private static void check(double[][] m) {
        int rows = m.length;
        int columns = m[0].length;
        HouseholderQr qr = new HouseholderQr(Naive.flatColumns(m), rows, columns);
        int steps = Math.min(rows, columns);
        assertEquals(steps, qr.steps());
        double[][] identity = new double[steps][steps];
        for (int i = 0; i < steps; i++) {
            identity[i][i] = 1;
        }
        double[][] q = Naive.columns(qr.applyQ(Naive.flatColumns(identity), steps), rows, steps);
        double[][] r = Naive.columns(qr.r(), steps, columns);
        Naive.assertEqual(identity, Naive.product(Naive.transposed(q), q), 1e-14, "QᵀQ");
        Naive.assertEqual(m, Naive.product(q, r), 1e-13, "Q R");
        for (int i = 0; i < steps; i++) {
            for (int j = 0; j < i; j++) {
                assertEquals(0, r[i][j], "R is triangular");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "1, 3", "5, 5", "9, 4", "4, 9", "100, 17", "17, 33"})
    void anyShapeIsOrthogonalTimesTriangular(int rows, int columns) {
        check(Naive.random(new Random(rows * 100 + columns), rows, columns));
    }

    @Test
    void columnsThatAreZeroOrTheSameAreNoSpecialCase() {
        double[][] m = Naive.random(new Random(3), 12, 6);
        for (double[] row : m) {
            row[1] = 0;
            row[4] = row[2];
            row[5] = 2 * row[0] - row[3];
        }
        check(m);
        check(new double[7][3]);
    }
}
