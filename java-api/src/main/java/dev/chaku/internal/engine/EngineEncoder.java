package dev.chaku.internal.engine;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * Computes the states that a model ends with, for whole texts of which nothing is kept. One thread at a time;
 * {@link #cancel} and {@link #close} come from any.
 */
public interface EngineEncoder extends AutoCloseable {
    /**
     * What an encoder is made for.
     *
     * @param maxBatchTokens computed at once, and the most of one text
     * @param memoryLimitBytes refuse above it, 0 for what the machine has
     */
    record Options(int maxBatchTokens, long memoryLimitBytes) {}

    /**
     * One text.
     *
     * @param tokens ids in [0, V), at least one
     * @param typed the first token of the second type, of a model that knows types; the number of tokens for none
     */
    record Text(int[] tokens, int typed) {}

    /**
     * Computes a row of each text, or of each token. A text's numbers do not depend on the others.
     *
     * @param head whether rows pass the model's head
     * @param rows direct; gets rows of the model's width, or the head's, from its position on
     * @throws BadInputException if a number is not finite: the message says why
     * @throws OperationCancelledException if {@link #cancel} was called meanwhile
     */
    void compute(List<Text> texts, VectorOptions.Pooling pooling, boolean head, FloatBuffer rows);

    /** Makes the computation under way, if any, end soon. Any thread; no effect on a closed encoder. */
    void cancel();

    @Override
    void close();
}
