package dev.chaku.internal.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LogitDifferenceTest {
    private static final int VOCABULARY = 501;

    private static LogitRow row(float... values) {
        LogitRow row = new LogitRow(values.length);
        row.set(FloatBuffer.wrap(values), 0);
        return row;
    }

    private static double probability(float[] logits, int token) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - (double) logits[token]);
        }
        return 1 / sum;
    }

    /** The plain definition, of probabilities that are formed. */
    @Test
    void divergenceAndLossAreThoseOfTheProbabilities() {
        Random random = new Random(1);
        float[] a = new float[VOCABULARY];
        float[] b = new float[VOCABULARY];
        for (int v = 0; v < VOCABULARY; v++) {
            a[v] = (float) (5 * random.nextGaussian());
            b[v] = (float) (a[v] + random.nextGaussian());
        }
        double expected = 0;
        double largest = 0;
        for (int v = 0; v < VOCABULARY; v++) {
            expected += probability(a, v) * Math.log(probability(a, v) / probability(b, v));
            largest = Math.max(largest, Math.abs((double) a[v] - b[v]));
        }
        LogitDifference difference = new LogitDifference();
        difference.add(row(a), row(b));
        assertEquals(expected, difference.divergence(), 1e-12);
        assertEquals(largest, difference.largest());
        assertEquals(-Math.log(probability(a, 7)), row(a).loss(7), 1e-12);
    }

    @Test
    void rowsAreAveraged() {
        LogitDifference difference = new LogitDifference();
        // KL((1/2, 1/2), (1/4, 3/4)) = ln 2 - ln 3 / 2.
        difference.add(row(0, 0), row(0, (float) Math.log(3)));
        difference.add(row(1, 3), row(1, 3));
        assertEquals(2, difference.rows());
        assertEquals((Math.log(2) - Math.log(3) / 2) / 2, difference.divergence(), 1e-7);
        assertEquals(0.5, difference.agreement());
    }

    @Test
    void equalRowsAreAtNoDistanceHoweverFarTheirLogitsLie() {
        LogitDifference difference = new LogitDifference();
        float[] far = {-3e38f, 3e38f, 0, 12};
        difference.add(row(far), row(far));
        assertEquals(0, difference.divergence());
        assertEquals(0, difference.largest());
        assertEquals(1, difference.agreement());
    }

    /** A millionth of a nat is told from none: bounds of verification are that narrow. */
    @Test
    void smallDivergencesKeepTheirDigits() {
        float[] a = {10, 9, 2, -4};
        float[] b = {10, 9.001f, 2, -4};
        double p = probability(a, 1);
        double step = b[1] - (double) a[1];
        // Half the variance of the change, to the first order.
        double expected = p * (1 - p) * step * step / 2;
        LogitDifference difference = new LogitDifference();
        difference.add(row(a), row(b));
        assertEquals(expected, difference.divergence(), 1e-3 * expected);
    }

    @Test
    void aRowIsTakenFromAmongOthers() {
        LogitRow row = new LogitRow(2);
        row.set(FloatBuffer.wrap(new float[] {1, 2, 4, 3}), 1);
        assertEquals(0, row.best());
        assertEquals(Math.log(1 + Math.exp(-1)), row.loss(0), 1e-12);
    }
}
