package dev.chaku.internal.engine;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * What a model's texts keep of their tokens, in blocks that texts with the same beginning share, and what computes
 * them, many in one step. A pool and its texts belong to one thread at a time; {@link #cancel}, {@link #counts} and
 * {@code close} of both come from any.
 */
public interface EnginePool extends AutoCloseable {
    /** Tokens of a block. */
    int BLOCK = 64;

    /**
     * What tokens are to their text. Each role has its own arithmetic, which depends on nothing else: the numbers of a
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
     * Squares of a product's inputs.
     *
     * @param sums one per column of each of its matrices
     * @param rows how many rows were added up of each matrix
     */
    record InputSquares(double[] sums, long[] rows) {}

    /**
     * What a pool is made for.
     *
     * @param maxTokens of all texts together
     * @param maxBatchTokens tokens computed at once, 0 for 512
     * @param maxMemories of a model with running memories: one for each text, one more for each text of a step, one for
     *     each snapshot; others need none
     * @param memoryLimitBytes refuse above it, 0 for what the machine has
     * @param cache format of keys and values
     * @param activations what products of generated tokens read
     */
    record Options(
            int maxTokens,
            int maxBatchTokens,
            int maxMemories,
            long memoryLimitBytes,
            GgmlType cache,
            Activations activations) {
        /** With activations of float32. */
        public Options(int maxTokens, int maxBatchTokens, int maxMemories, long memoryLimitBytes, GgmlType cache) {
            this(maxTokens, maxBatchTokens, maxMemories, memoryLimitBytes, cache, Activations.F32);
        }
    }

    /** Formats of activations of products of generated tokens. */
    enum Activations {
        F32,
        INT16,
        INT8
    }

    /**
     * How full a pool is.
     *
     * @param blocks in all
     * @param freeBlocks that no text holds
     * @param sharedBlocks that several texts hold
     * @param memories as blocks
     */
    record Counts(int blocks, int freeBlocks, int sharedBlocks, int memories, int freeMemories) {}

    /**
     * The next tokens of one text.
     *
     * @param tokens ids in [0, V)
     * @param from index of the first
     * @param n how many, at least 1
     */
    record Part(EngineText text, int[] tokens, int from, int n, Role role, Logits logits) {
        /** Rows of logits that are asked for. */
        public int rows() {
            return switch (logits) {
                case NONE -> 0;
                case LAST -> 1;
                case ALL -> n;
            };
        }
    }

    /** V. */
    int vocabSize();

    /**
     * An empty text.
     *
     * @param maxTokens most tokens that it may have; they say how ropes turn that know long contexts
     */
    EngineText text(int maxTokens);

    Counts counts();

    /**
     * Appends each part's tokens to its text, of which there is one part at most. The numbers of a token depend on its
     * text's tokens up to it, on their roles and on what the text wears, and on nothing else.
     *
     * @param logits direct; gets the rows of V logits that are asked for, part by part, from its position on
     * @throws ResourceException if blocks or memories do not suffice; no text has changed
     * @throws BadInputException if a logit is not finite: the message says why
     * @throws OperationCancelledException if {@link #cancel} was called meanwhile; no text has changed
     */
    void compute(List<Part> parts, FloatBuffer logits);

    /**
     * Begins to compute prompts in pieces, so that generated tokens of other texts need not wait for all of them: as
     * {@link #compute} of the same parts, all of them prompts, whose texts get the tokens with the last piece. Until
     * then these can be closed, and not be cut, forked or computed, and {@link #compute} takes generated tokens alone.
     * One such set of prompts is held at a time.
     *
     * @throws ResourceException if blocks or memories do not suffice; nothing is held then
     */
    void hold(List<Part> parts);

    /**
     * Runs some layers of what is held. Where it throws, nothing is held any more.
     *
     * @param layers at most so many, at least 1
     * @param logits as in {@link #compute}, the same with each piece
     * @return whether that was the last piece
     * @throws BadInputException as {@link #compute}
     * @throws OperationCancelledException as {@link #compute}
     */
    boolean advance(int layers, FloatBuffer logits);

    /** Gives up what is held, if anything is: its texts are as they were before. */
    void abandon();

    /**
     * From now on steps add up the squares of each product's inputs, per column. Ask for {@link Logits#ALL}: other rows
     * are left out of the last layer's products.
     */
    void collectInputs();

    /**
     * Sums of squares of a product's inputs, since {@link #collectInputs}.
     *
     * @param layer -1 outside layers
     * @param matrices the number of experts of a product of experts, else 1
     */
    InputSquares readInputs(DecoderModule module, int layer, int columns, int matrices);

    /** Makes the step under way, if any, end soon. Any thread; no effect on a closed pool. */
    void cancel();

    /** Its memory goes back when its texts are closed too. */
    @Override
    void close();
}
