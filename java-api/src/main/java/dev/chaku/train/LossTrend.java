package dev.chaku.train;

import java.util.Arrays;

/**
 * Whether a loss fell, beyond what it differs from step to step: the mean of the first third of the steps against that
 * of the last, and the standard error of the difference. Steps of different rows have different losses, so that a fall
 * of less than twice that error is no sign of learning.
 *
 * @param steps that were logged
 * @param first mean of the first third
 * @param last mean of the last third
 * @param error standard error of their difference
 */
public record LossTrend(int steps, double first, double last, double error) {
    /** Below so many steps there is no noise to compare with. */
    private static final int FEWEST = 6;

    private static final double BEYOND = 2;
    /** A fall that is smaller than this share of the loss changes no answer, however surely it is there. */
    private static final double SLIGHT = 0.02;

    /**
     * {@return the trend of losses, one a step, in nats}
     *
     * @param losses one a step, in nats
     */
    public static LossTrend of(double[] losses) {
        int n = losses.length;
        int third = Math.max(1, n / 3);
        if (n == 0) {
            return new LossTrend(0, Double.NaN, Double.NaN, Double.NaN);
        }
        double[] first = Arrays.copyOf(losses, third);
        double[] last = Arrays.copyOfRange(losses, n - third, n);
        return new LossTrend(n, mean(first), mean(last), Math.sqrt(variance(first) / third + variance(last) / third));
    }

    /** {@return whether it fell beyond its noise} False where the steps are too few to tell. */
    public boolean fell() {
        return steps >= FEWEST && first - last > Math.max(BEYOND * error, SLIGHT * Math.abs(first));
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    private static double variance(double[] values) {
        if (values.length < 2) {
            return 0;
        }
        double mean = mean(values);
        double sum = 0;
        for (double value : values) {
            sum += (value - mean) * (value - mean);
        }
        return sum / (values.length - 1);
    }
}
