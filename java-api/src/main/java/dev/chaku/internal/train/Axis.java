package dev.chaku.internal.train;

import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * A scale with ticks at round numbers: 1, 2 or 5 times a power of ten apart.
 *
 * @param low where the scale begins
 * @param high where it ends, above low
 * @param step between two ticks
 */
record Axis(double low, double high, double step) {
    /** A step is the least round one that gives no more than so many spaces between ticks. */
    private static final int MOST_SPACES = 6;

    /** A scale that ends at ticks and holds both values. */
    static Axis around(double least, double greatest, double leastStep) {
        double span = greatest - least;
        double room = span > 0 ? span : Math.max(Math.abs(greatest) * 0.1, 1e-6);
        double step = roundStep(room, leastStep);
        double low = Math.floor(least / step) * step;
        double high = Math.ceil(greatest / step) * step;
        return new Axis(low, high > low ? high : low + step, step);
    }

    /** A scale that ends at the values themselves, with the ticks that lie within. */
    static Axis within(double least, double greatest, double leastStep) {
        return new Axis(least, greatest, roundStep(greatest - least, leastStep));
    }

    private static double roundStep(double span, double leastStep) {
        double power = Math.pow(10, Math.floor(Math.log10(span / MOST_SPACES)));
        double step = DoubleStream.of(1, 2, 5, 10)
                .map(f -> f * power)
                .filter(s -> span / s <= MOST_SPACES)
                .findFirst()
                .orElseThrow();
        return Math.max(step, leastStep);
    }

    double[] ticks() {
        long first = (long) Math.ceil(low / step - 1e-9);
        long last = (long) Math.floor(high / step + 1e-9);
        return LongStream.rangeClosed(first, last).mapToDouble(i -> i * step).toArray();
    }

    /** Where a value lies, from 0 to 1. */
    double share(double value) {
        return Math.min(1, Math.max(0, (value - low) / (high - low)));
    }

    /** A tick's value in as many decimals as the step has. */
    String label(double tick) {
        int decimals = (int) Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
        return String.format(Locale.ROOT, "%." + decimals + "f", tick == 0 ? 0 : tick);
    }
}
