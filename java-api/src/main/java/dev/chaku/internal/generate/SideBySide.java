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
    private final List<LogitDifference> differences = new ArrayList<>();
    private final double[] losses;
    private final LogitRow referenceRow;
    private final LogitRow row;
    private double weightSum;

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
            differences.add(new LogitDifference());
        }
        this.losses = new double[sessions.size()];
        this.referenceRow = new LogitRow(vocabSize);
        this.row = new LogitRow(vocabSize);
    }

    /** Positions that were compared so far. */
    public long positions() {
        return differences.get(reference).rows();
    }

    /**
     * What each model said so far, in the order of the sessions.
     *
     * @throws BadInputException if nothing was compared
     */
    public List<Said> said() {
        if (positions() == 0) {
            throw new BadInputException("expected data with a token that counts, found none");
        }
        List<Said> said = new ArrayList<>();
        for (int i = 0; i < losses.length; i++) {
            LogitDifference difference = differences.get(i);
            said.add(new Said(losses[i] / weightSum, difference.divergence(), difference.agreement()));
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
        referenceRow.set(logits.get(reference), at);
        for (int i = 0; i < sessions.size(); i++) {
            LogitRow own = i == reference ? referenceRow : row;
            if (i != reference) {
                row.set(logits.get(i), at);
            }
            losses[i] += weight * own.loss(next);
            differences.get(i).add(referenceRow, own);
        }
        weightSum += weight;
    }
}
