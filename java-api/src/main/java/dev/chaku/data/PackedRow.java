package dev.chaku.data;

import java.util.List;

/**
 * Sequences side by side, as one micro-batch: sequence s holds the tokens [starts[s], starts[s+1]). Arrays are not
 * copied.
 *
 * @param tokens [T]
 * @param targets [T]: the token after each within its sequence, 0 at a sequence's end
 * @param weights [T]: 0 at a sequence's end, so that nothing is learned across a seam
 * @param starts [sequences + 1]
 * @param examples [sequences]: which of the examples that were packed each is, counted from 0
 */
public record PackedRow(int[] tokens, int[] targets, float[] weights, int[] starts, int[] examples) {
    static PackedRow of(List<EncodedExample> sequences, int[] examples) {
        int n = sequences.stream().mapToInt(EncodedExample::length).sum();
        int[] tokens = new int[n];
        int[] targets = new int[n];
        float[] weights = new float[n];
        int[] starts = new int[sequences.size() + 1];
        int at = 0;
        for (int s = 0; s < sequences.size(); s++) {
            EncodedExample sequence = sequences.get(s);
            int length = sequence.length();
            starts[s] = at;
            System.arraycopy(sequence.tokens(), 0, tokens, at, length);
            System.arraycopy(sequence.tokens(), 1, targets, at, length - 1);
            System.arraycopy(sequence.weights(), 0, weights, at, length);
            at += length;
        }
        starts[sequences.size()] = at;
        return new PackedRow(tokens, targets, weights, starts, examples);
    }

    /** {@return the number of sequences} */
    public int sequences() {
        return examples.length;
    }

    /** {@return the number of tokens} */
    public int length() {
        return tokens.length;
    }
}
