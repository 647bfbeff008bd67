package dev.chaku.internal.adapter.proof;

import java.nio.FloatBuffer;

/** A way to compute what should follow each prefix of a text. Not thread-safe. */
public interface LogitSource extends AutoCloseable {
    /**
     * Computes the logits of some positions. Those of one text are asked for from its start to its end.
     *
     * @param tokens the text; the same array as long as it is the same text
     * @param from index of the first position
     * @param n how many
     * @param target direct; gets [n][V] from its position, which stays
     */
    void rows(int[] tokens, int from, int n, FloatBuffer target);

    @Override
    void close();
}
