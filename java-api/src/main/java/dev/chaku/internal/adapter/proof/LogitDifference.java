package dev.chaku.internal.adapter.proof;

/** Adds up how the rows of two sources of logits differ. Not thread-safe. */
public final class LogitDifference {
    private double largest;
    private double divergences;
    private long agreements;
    private long rows;

    /** Adds a row of either. */
    public void add(float[] a, float[] b) {
        double totalA = logSumExp(a);
        double totalB = logSumExp(b);
        double divergence = 0;
        for (int v = 0; v < a.length; v++) {
            largest = Math.max(largest, Math.abs((double) a[v] - b[v]));
            double logA = a[v] - totalA;
            divergence += Math.exp(logA) * (logA - (b[v] - totalB));
        }
        // Equal rows have a divergence of 0, which rounding may make less.
        divergences += Math.max(0, divergence);
        agreements += best(a) == best(b) ? 1 : 0;
        rows++;
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

    private static double logSumExp(float[] values) {
        float max = values[best(values)];
        double sum = 0;
        for (float value : values) {
            sum += Math.exp((double) value - max);
        }
        return max + Math.log(sum);
    }

    private static int best(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }
}
