package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ErrorFeedbackTest {
    private static final int K = 12;
    private static final int R = 3;

    /**
     * With the errors of earlier columns fixed and all later ones free, the error that is best at a column is minus the
     * feedback: compared with the solution of the normal equations.
     */
    @Test
    void aimsWhereTheLaterColumnsCanMakeUpForTheRest() {
        Random random = new Random(1);
        float[] d = new float[R * K];
        for (int i = 0; i < d.length; i++) {
            d[i] = (float) random.nextGaussian();
        }
        LowRankTerm term = new LowRankTerm(1, R, K, new float[R], 0, d, 0, new LowRankTerm.Rows(0, 1, 0));
        ErrorFeedback feedback = ErrorFeedback.of(List.of(term), K);
        double[][] h = new double[K][K];
        for (int i = 0; i < K; i++) {
            for (int j = 0; j < K; j++) {
                h[i][j] = i == j ? 1 : 0;
                for (int r = 0; r < R; r++) {
                    h[i][j] += (double) feedback.v()[i * R + r] * feedback.v()[j * R + r];
                }
            }
        }
        double[] e = random.doubles(K, -1, 1).toArray();
        for (int k = 0; k < K; k++) {
            double aim = 0;
            for (int r = 0; r < R; r++) {
                double sum = 0;
                for (int j = 0; j < k; j++) {
                    sum += feedback.v()[j * R + r] * e[j];
                }
                aim -= feedback.u()[k * R + r] * sum;
            }
            assertEquals(best(h, e, k), aim, 1e-4, "column " + k);
        }
    }

    /** The first of the later errors for which e H e is least: Gaussian elimination on what is free. */
    private static double best(double[][] h, double[] e, int k) {
        int n = K - k;
        double[][] a = new double[n][n + 1];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                a[i][j] = h[k + i][k + j];
            }
            for (int j = 0; j < k; j++) {
                a[i][n] -= h[k + i][j] * e[j];
            }
        }
        for (int i = n - 1; i > 0; i--) {
            for (int row = 0; row < i; row++) {
                double factor = a[row][i] / a[i][i];
                for (int j = 0; j <= n; j++) {
                    a[row][j] -= factor * a[i][j];
                }
            }
        }
        return a[0][n] / a[0][0];
    }
}
