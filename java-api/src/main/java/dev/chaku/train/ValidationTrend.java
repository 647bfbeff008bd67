package dev.chaku.train;

/**
 * Whether the validation loss has risen again: what over-fitting looks like while a run goes on.
 *
 * @param validations that were made
 * @param best the least validation loss
 * @param bestStep where it was
 * @param last the newest
 */
public record ValidationTrend(int validations, double best, int bestStep, double last) {
    /** A rise by this share of the best loss is more than its jitter. */
    public static final double RISE = 0.02;

    /** {@return the share of the best loss by which the newest is above it} */
    public double rise() {
        return validations == 0 ? 0 : (last - best) / Math.max(1e-12, Math.abs(best));
    }

    /** {@return whether the newest is above the best by more than {@link #RISE}} */
    public boolean overFits() {
        return rise() > RISE;
    }
}
