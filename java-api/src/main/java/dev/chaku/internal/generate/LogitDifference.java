package dev.chaku.internal.generate;

/** Adds up how the rows of two sources of logits differ. Not thread-safe. */
public final class LogitDifference {
    private double largest;
    private double divergences;
    private long agreements;
    private long rows;

    /** Adds a row of either. */
    public void add(LogitRow a, LogitRow b) {
        float[] left = a.values();
        float[] right = b.values();
        for (int v = 0; v < left.length; v++) {
            largest = Math.max(largest, Math.abs((double) left[v] - right[v]));
        }
        divergences += a.divergence(b);
        agreements += a.best() == b.best() ? 1 : 0;
        rows++;
    }

    /** The number of rows. */
    public long rows() {
        return rows;
    }

    /** The largest difference of two logits. */
    public double largest() {
        return largest;
    }

    /** The mean of KL(a, b), in nats. */
    public double divergence() {
        return divergences / rows;
    }

    /** The share of rows whose likeliest token is the same. */
    public double agreement() {
        return (double) agreements / rows;
    }
}
