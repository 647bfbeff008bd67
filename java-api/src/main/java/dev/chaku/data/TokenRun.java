package dev.chaku.data;

import java.util.Arrays;

/** Tokens under way to an {@link EncodedExample}, with the weight of each as a target. */
final class TokenRun {
    private int[] tokens = new int[64];
    private float[] targetWeights = new float[64];
    private int n;

    int size() {
        return n;
    }

    /** The last token, or -1. */
    int last() {
        return n == 0 ? -1 : tokens[n - 1];
    }

    int token(int i) {
        return tokens[i];
    }

    int[] tokens() {
        return Arrays.copyOf(tokens, n);
    }

    void add(int[] more, float weight) {
        if (n + more.length > tokens.length) {
            int room = Math.max(2 * tokens.length, n + more.length);
            tokens = Arrays.copyOf(tokens, room);
            targetWeights = Arrays.copyOf(targetWeights, room);
        }
        System.arraycopy(more, 0, tokens, n, more.length);
        Arrays.fill(targetWeights, n, n + more.length, weight);
        n += more.length;
    }

    void setWeight(int from, int to, float weight) {
        Arrays.fill(targetWeights, from, to, weight);
    }

    /** Leaves out what comes after the first n tokens. */
    void cut(int length) {
        n = length;
    }

    /** The weight of a position is that of the token after it. */
    EncodedExample slice(int from, int to) {
        float[] weights = new float[to - from];
        System.arraycopy(targetWeights, from + 1, weights, 0, to - from - 1);
        return new EncodedExample(Arrays.copyOfRange(tokens, from, to), weights);
    }
}
