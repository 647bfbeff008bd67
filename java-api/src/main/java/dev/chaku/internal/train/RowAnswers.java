package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.internal.engine.TrainingBatch;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Sequences of a row as a micro-batch: their sums of log-probabilities, and weights by a loss's derivatives. */
final class RowAnswers {
    private final PackedRow row;

    private RowAnswers(PackedRow row) {
        this.row = row;
    }

    static RowAnswers all(PackedRow row) {
        return new RowAnswers(row);
    }

    /** One of each so many neighbours, counted from 0. */
    static RowAnswers every(PackedRow row, int which, int of) {
        int[] chosen =
                IntStream.range(0, row.sequences()).filter(s -> s % of == which).toArray();
        int[] starts = new int[chosen.length + 1];
        for (int i = 0; i < chosen.length; i++) {
            starts[i + 1] = starts[i] + row.starts()[chosen[i] + 1] - row.starts()[chosen[i]];
        }
        int n = starts[chosen.length];
        PackedRow part = new PackedRow(
                new int[n],
                new int[n],
                new float[n],
                starts,
                Arrays.stream(chosen).map(s -> row.examples()[s]).toArray());
        for (int i = 0; i < chosen.length; i++) {
            int from = row.starts()[chosen[i]];
            int length = starts[i + 1] - starts[i];
            System.arraycopy(row.tokens(), from, part.tokens(), starts[i], length);
            System.arraycopy(row.targets(), from, part.targets(), starts[i], length);
            System.arraycopy(row.weights(), from, part.weights(), starts[i], length);
        }
        return new RowAnswers(part);
    }

    int size() {
        return row.sequences();
    }

    /** Which example an answer is. */
    int example(int answer) {
        return row.examples()[answer];
    }

    TrainingBatch batch(long index) {
        return batch(index, row.weights());
    }

    /**
     * The batch whose gradients are those of a loss with these derivatives.
     *
     * @param slopes the derivative of the loss by each answer's log-probability
     */
    TrainingBatch batch(long index, double[] slopes) {
        float[] weights = row.weights().clone();
        for (int s = 0; s < slopes.length; s++) {
            for (int t = row.starts()[s]; t < row.starts()[s + 1]; t++) {
                weights[t] =
                        weights[t] == 0 ? 0 : (float) (-slopes[s] * weights[t]); // Cross-entropy has the other sign.
            }
        }
        return batch(index, weights);
    }

    private TrainingBatch batch(long index, float[] weights) {
        return new TrainingBatch(index, row.tokens(), row.targets(), weights, row.starts());
    }

    /**
     * Each answer's sum of weight * log-probability.
     *
     * @param logProbs of the batch's tokens
     */
    double[] sums(double[] logProbs) {
        double[] sums = new double[size()];
        for (int s = 0; s < sums.length; s++) {
            for (int t = row.starts()[s]; t < row.starts()[s + 1]; t++) {
                sums[s] += row.weights()[t] * logProbs[t];
            }
        }
        return sums;
    }

    /**
     * The answers.
     *
     * @param logProbs of the batch's tokens
     * @param reference sums of the examples, by their number; empty for none
     */
    Answer[] answers(double[] logProbs, double[] reference) {
        double[] sums = sums(logProbs);
        Answer[] answers = new Answer[sums.length];
        for (int s = 0; s < answers.length; s++) {
            double weight = 0;
            for (int t = row.starts()[s]; t < row.starts()[s + 1]; t++) {
                weight += row.weights()[t];
            }
            answers[s] = new Answer(sums[s], reference.length == 0 ? 0 : reference[example(s)], weight);
        }
        return answers;
    }
}
