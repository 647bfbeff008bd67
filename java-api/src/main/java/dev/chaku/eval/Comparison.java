package dev.chaku.eval;

/**
 * Two variants beside each other, example by example.
 *
 * @param a a variant
 * @param b another
 * @param metric that they are compared by
 * @param difference the mean of b less that of a
 * @param low of 95 % of the resamples of the examples the difference is above it
 * @param high likewise below it
 * @param p how likely a difference so large is by chance (paired test by random signs)
 */
public record Comparison(String a, String b, String metric, double difference, double low, double high, double p) {
    /** What {@link #isSure} takes for no chance. */
    public static final double SURE = 0.05;

    /** {@return whether the difference is more than chance: p below {@value #SURE}} */
    public boolean isSure() {
        return p < SURE;
    }
}
