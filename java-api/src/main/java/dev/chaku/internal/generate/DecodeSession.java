package dev.chaku.internal.generate;

import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** What generation needs of a model: a text that grows token by token. Not thread-safe. */
public interface DecodeSession {
    /** V. */
    int vocabSize();

    /** Most tokens that the text may have. */
    int capacity();

    /**
     * Forgets all but what a new prompt has in common with the present text, as far as that was computed as a prompt,
     * and at least the new prompt's last token.
     *
     * @param tokens the new prompt, not empty
     * @return how many of its tokens need not be appended
     */
    int startWith(int[] tokens);

    /**
     * Appends tokens of a text that is read.
     *
     * @param from index of the first
     * @param n how many, at least 1
     * @param logits direct; gets the V logits of what follows the last, from its position on; null if they are not
     *     needed
     * @throws dev.chaku.errors.OperationCancelledException if the thread is interrupted
     */
    void append(int[] tokens, int from, int n, @Nullable FloatBuffer logits);

    /**
     * Appends tokens and says of each what follows it.
     *
     * @param from index of the first
     * @param n how many, at least 1
     * @param logits direct; gets n rows of V logits from its position on
     * @throws dev.chaku.errors.OperationCancelledException if the thread is interrupted
     */
    void appendForAll(int[] tokens, int from, int n, FloatBuffer logits);
}
