package dev.chaku.internal.generate;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.io.Interruption;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Computes the same texts with several models of one vocabulary and compares what they say at the positions that count,
 * a few rows of logits at a time. Not thread-safe.
 */
public final class SideBySide {
    private static final int ROWS = 16;
    private static final int PROMPT_PART = 512;

    private final List<? extends DecodeSession> sessions;
    private final int reference;
    private final int vocabSize;
    private final List<FloatBuffer> logits = new ArrayList<>();
    private final double[] losses;
    private final double[] divergences;
    private final long[] agreements;
    private final float[] referenceRow;
    private final float[] row;
    private double weightSum;
    private long positions;

    /**
     * How one model compares with the reference.
     *
     * @param loss mean cross-entropy of the texts by weight, in nats
     * @param divergence mean of KL(reference, model), in nats
     * @param agreement share of positions whose likeliest token is the reference's
     */
    public record Said(double loss, double divergence, double agreement) {}

    /**
     * A comparison.
     *
     * @param reference index of the session that the others are compared with
     * @throws BadInputException if the vocabularies differ in size
     */
    public SideBySide(List<? extends DecodeSession> sessions, int reference) {
        this.sessions = List.copyOf(sessions);
        this.reference = reference;
        this.vocabSize = sessions.get(0).vocabSize();
        for (DecodeSession session : sessions) {
            if (session.vocabSize() != vocabSize) {
                throw new BadInputException("expected models of one vocabulary, found " + vocabSize + " and "
                        + session.vocabSize() + " tokens");
            }
            logits.add(DirectBuffers.floats(Math.multiplyExact(ROWS, vocabSize)));
        }
        this.losses = new double[sessions.size()];
        this.divergences = new double[sessions.size()];
        this.agreements = new long[sessions.size()];
        this.referenceRow = new float[vocabSize];
        this.row = new float[vocabSize];
    }

    /** Positions that were compared so far. */
    public long positions() {
        return positions;
    }

    /**
     * What each model said so far, in the order of the sessions.
     *
     * @throws BadInputException if nothing was compared
     */
    public List<Said> said() {
        if (positions == 0) {
            throw new BadInputException("expected data with a token that counts, found none");
        }
        List<Said> said = new ArrayList<>();
        for (int i = 0; i < losses.length; i++) {
            said.add(new Said(losses[i] / weightSum, divergences[i] / positions, (double) agreements[i] / positions));
        }
        return said;
    }

    /**
     * Compares a text.
     *
     * @param weights position i counts that much for predicting token i + 1; the last is 0
     */
    public void add(int[] tokens, float[] weights) {
        int first = -1;
        int end = 0;
        for (int i = 0; i + 1 < tokens.length; i++) {
            if (weights[i] != 0) {
                first = first < 0 ? i : first;
                end = i + 1;
            }
        }
        if (first < 0) {
            return;
        }
        for (DecodeSession session : sessions) {
            begin(session, tokens, first);
        }
        for (int from = first; from < end; from += ROWS) {
            Interruption.check("comparison");
            int n = Math.min(ROWS, end - from);
            for (int i = 0; i < sessions.size(); i++) {
                sessions.get(i).appendForAll(tokens, from, n, logits.get(i).clear());
            }
            for (int i = 0; i < n; i++) {
                if (weights[from + i] != 0) {
                    compare(i, tokens[from + i + 1], weights[from + i]);
                }
            }
        }
    }

    /** Computes a text up to a position. */
    private static void begin(DecodeSession session, int[] tokens, int end) {
        int from = session.startWith(Arrays.copyOf(tokens, end + 1));
        for (; from < end; from += PROMPT_PART) {
            int n = Math.min(PROMPT_PART, end - from);
            session.append(tokens, from, n, null);
        }
    }

    private void compare(int at, int next, float weight) {
        logits.get(reference).get(at * vocabSize, referenceRow);
        double referenceTotal = logSumExp(referenceRow);
        int best = best(referenceRow);
        for (int i = 0; i < sessions.size(); i++) {
            logits.get(i).get(at * vocabSize, row);
            double total = logSumExp(row);
            losses[i] += weight * (total - row[next]);
            agreements[i] += best(row) == best ? 1 : 0;
            double divergence = 0;
            for (int v = 0; v < vocabSize; v++) {
                double logp = referenceRow[v] - referenceTotal;
                divergence += Softmax.exp((float) logp) * (logp - (row[v] - total));
            }
            divergences[i] += Math.max(0, divergence);
        }
        weightSum += weight;
        positions++;
    }

    private static double logSumExp(float[] values) {
        float max = values[best(values)];
        double sum = 0;
        for (float value : values) {
            sum += Softmax.exp(value - max);
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
