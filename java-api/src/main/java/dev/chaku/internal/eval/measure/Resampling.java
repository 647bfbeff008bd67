package dev.chaku.internal.eval.measure;

import dev.chaku.internal.random.SplitMix64;
import java.util.Arrays;

/**
 * What chance does to a mean: percentile intervals of the bootstrap (Efron 1979), and the paired test by random signs
 * (Fisher 1935). The same seed gives the same numbers on every machine.
 */
public final class Resampling {
    private static final int RESAMPLES = 2000;
    private static final int SIGN_DRAWS = 10_000;
    private static final double TAIL = 0.025;

    private Resampling() {}

    /**
     * An interval.
     *
     * @param low and high enclose 95 % of the resamples
     */
    public record Interval(double low, double high) {}

    /** The interval of a mean of values, that of a ratio of sums where weights are not all one. */
    public static Interval ofMean(double[] values, double[] weights, long seed) {
        double[] means = new double[RESAMPLES];
        long counter = seed;
        for (int r = 0; r < RESAMPLES; r++) {
            double sum = 0;
            double weight = 0;
            for (int i = 0; i < values.length; i++) {
                int pick = pick(counter++, values.length);
                sum += values[pick];
                weight += weights[pick];
            }
            means[r] = weight == 0 ? 0 : sum / weight;
        }
        Arrays.sort(means);
        int cut = (int) (TAIL * RESAMPLES);
        return new Interval(means[cut], means[RESAMPLES - 1 - cut]);
    }

    private static int pick(long counter, int n) {
        long bits = SplitMix64.mix(counter * SplitMix64.STEP);
        return (int) Math.min(n - 1, (long) ((bits >>> 11) * SplitMix64.UNIT * n));
    }

    /**
     * How likely a mean as far from 0 as that of these differences is if each had either sign with the same chance.
     *
     * @return in (0, 1]
     */
    public static double signedTest(double[] differences, long seed) {
        double observed = Math.abs(Arrays.stream(differences).sum());
        double slack = 1e-12 * Arrays.stream(differences).map(Math::abs).sum();
        int asFar = 1;
        long counter = seed;
        for (int draw = 0; draw < SIGN_DRAWS; draw++) {
            double sum = 0;
            long bits = 0;
            for (int i = 0; i < differences.length; i++) {
                if (i % Long.SIZE == 0) {
                    bits = SplitMix64.mix(counter++ * SplitMix64.STEP);
                }
                sum += (bits & 1) == 0 ? differences[i] : -differences[i];
                bits >>>= 1;
            }
            if (Math.abs(sum) >= observed - slack) {
                asFar++;
            }
        }
        return (double) asFar / (SIGN_DRAWS + 1);
    }
}
