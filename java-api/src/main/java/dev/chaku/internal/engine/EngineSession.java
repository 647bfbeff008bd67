package dev.chaku.internal.engine;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.gguf.GgmlType;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * The text that a model has computed, and its keys and values. Single-threaded; {@link #cancel} and {@link #close}
 * alone come from any thread.
 */
public interface EngineSession extends AutoCloseable {
    /**
     * What tokens are to the text. Each role has its own arithmetic, which depends on nothing else: the numbers of a
     * token have the same digits whatever was computed before and however a text is cut.
     */
    enum Role {
        /** A text that is read. */
        PROMPT,
        /** Chosen by the model, and appended as soon as it is known. */
        GENERATED
    }

    /** Which positions' logits a computation writes. */
    enum Logits {
        NONE,
        LAST,
        ALL
    }

    /**
     * What a session is made for.
     *
     * @param maxTokens capacity in tokens
     * @param maxBatchTokens tokens computed at once, 0 for 512
     * @param memoryLimitBytes refuse above it, 0 for what the machine has
     * @param cache format of keys and values
     */
    record Options(int maxTokens, int maxBatchTokens, long memoryLimitBytes, GgmlType cache) {}

    /**
     * Squares of a product's inputs.
     *
     * @param sums one per column of each of its matrices
     * @param rows how many rows were added up of each matrix
     */
    record InputSquares(double[] sums, long[] rows) {}

    /** An adapter of this engine and what its additions are multiplied by. */
    record Worn(EngineAdapter adapter, float scale) {}

    /** V. */
    int vocabSize();

    /** Wears these adapters in place of those worn before. The text must be empty. */
    void setAdapters(List<Worn> worn);

    /**
     * Appends tokens and computes them. After any failure but a cancellation the session is of no more use.
     *
     * @param tokens ids in [0, V)
     * @param from index of the first
     * @param n how many
     * @param role of all of them
     * @param logits direct; written from its position, which stays: V floats for LAST, n * V for ALL
     * @throws BadInputException if a logit is not finite: the message says why
     * @throws OperationCancelledException if {@link #cancel} was called meanwhile; the text keeps its length
     */
    void eval(int[] tokens, int from, int n, Role role, Logits which, FloatBuffer logits);

    /**
     * From now on computations add up the squares of each product's inputs, per column. Ask for {@link Logits#ALL}:
     * other rows are left out of the last layer's products.
     */
    void collectInputs();

    /**
     * Sums of squares of a product's inputs, since {@link #collectInputs}.
     *
     * @param layer -1 outside layers
     * @param matrices the number of experts of a product of experts, else 1
     */
    InputSquares readInputs(DecoderModule module, int layer, int columns, int matrices);

    /** Forgets all but the first tokens. */
    void truncate(int tokens);

    /** Tokens of the text. */
    int length();

    /** Makes the computation under way, if any, end soon. Any thread; no effect on a closed session. */
    void cancel();

    @Override
    void close();
}
