package dev.chaku.internal.eval.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ResamplingTest {
    private static double[] ones(int n) {
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Of samples with a known mean, about 95 of 100 intervals hold it. */
    @Test
    void intervalsHoldTheMean() {
        Random random = new Random(3);
        int held = 0;
        int rounds = 300;
        for (int round = 0; round < rounds; round++) {
            double[] values = random.doubles(80).map(x -> x < 0.3 ? 1 : 0).toArray();
            Resampling.Interval interval = Resampling.ofMean(values, ones(80), round);
            held += interval.low() <= 0.3 && 0.3 <= interval.high() ? 1 : 0;
        }
        assertTrue(held > 0.90 * rounds && held < 0.99 * rounds, held + " of " + rounds);
    }

    /** As wide as the normal approximation says of a mean of many. */
    @Test
    void widthIsThatOfTheStandardError() {
        double[] values = new Random(4).doubles(400).toArray();
        Resampling.Interval interval = Resampling.ofMean(values, ones(400), 0);
        double expected = 2 * 1.96 * Math.sqrt(1.0 / 12) / Math.sqrt(400);
        assertEquals(expected, interval.high() - interval.low(), 0.1 * expected);
        assertEquals(interval, Resampling.ofMean(values, ones(400), 0));
        assertNotEquals(interval, Resampling.ofMean(values, ones(400), 1));
    }

    @Test
    void ratiosAreOfSums() {
        Resampling.Interval interval = Resampling.ofMean(new double[] {2, 20, 6}, new double[] {1, 10, 3}, 0);
        assertEquals(2, interval.low(), 1e-12);
        assertEquals(2, interval.high(), 1e-12);
    }

    /** The share of all 2^n signs with a sum as far from 0, counted. */
    @Test
    void signsAreAsLikelyAsCounted() {
        double[] differences = {1, 0.5, -0.25, 2, 0.75, 0, 1, -0.5, 0.25, 1};
        double observed = Math.abs(Arrays.stream(differences).sum());
        int asFar = 0;
        for (int signs = 0; signs < 1 << differences.length; signs++) {
            double sum = 0;
            for (int i = 0; i < differences.length; i++) {
                sum += (signs >> i & 1) == 0 ? differences[i] : -differences[i];
            }
            asFar += Math.abs(sum) >= observed - 1e-12 ? 1 : 0;
        }
        double exact = (double) asFar / (1 << differences.length);
        assertEquals(exact, Resampling.signedTest(differences, 9), 0.01);
        assertEquals(1, Resampling.signedTest(new double[5], 0), 0);
        double[] many = ones(100);
        assertTrue(Resampling.signedTest(many, 0) < 0.001);
    }
}
