package dev.chaku.internal.generate;

import java.nio.FloatBuffer;

/** The logits of one position, [V], and what comparisons ask of them; is filled again and again. Not thread-safe. */
public final class LogitRow {
    private final float[] values;

    /** e to each logit less the largest. */
    private final double[] exponentials;

    private double sum;
    private double total;
    private int best;

    /** A row of so many tokens; it is filled before anything is asked of it. */
    public LogitRow(int vocabSize) {
        values = new float[vocabSize];
        exponentials = new double[vocabSize];
    }

    /**
     * Takes a row.
     *
     * @param logits holds rows of V, one after the other
     * @param row which, from 0
     */
    public void set(FloatBuffer logits, int row) {
        logits.get(row * values.length, values);
        best = 0;
        for (int v = 1; v < values.length; v++) {
            best = values[v] > values[best] ? v : best;
        }
        double max = values[best];
        sum = 0;
        for (int v = 0; v < values.length; v++) {
            exponentials[v] = Math.exp(values[v] - max);
            sum += exponentials[v];
        }
        total = max + Math.log(sum);
    }

    /** The logits themselves, which are not to be changed. */
    public float[] values() {
        return values;
    }

    /** The likeliest token; the first of several. */
    int best() {
        return best;
    }

    /** The cross-entropy of a token, in nats. */
    double loss(int token) {
        return total - values[token];
    }

    /** KL(this, other), in nats: 0 of equal rows, and never less. */
    double divergence(LogitRow other) {
        double divergence = 0;
        for (int v = 0; v < values.length; v++) {
            divergence += exponentials[v] * ((values[v] - total) - (other.values[v] - other.total));
        }
        // Of nearly equal rows rounding may make it less than 0.
        return Math.max(0, divergence / sum);
    }
}
