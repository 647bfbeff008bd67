package dev.chaku.internal.model;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import java.nio.FloatBuffer;
import java.util.List;

/** A text that is read, over a pool of its own, which no scheduler has. Not thread-safe. */
public final class SingleText implements AutoCloseable {
    /** A text's running memory and that of a step, where a model has them. */
    private static final int MEMORIES = 2;

    private final EnginePool pool;
    private final EngineText text;

    /**
     * @param maxTokens of the text
     * @param maxBatchTokens computed at once, 0 for 512
     * @param memoryLimitBytes refuse above it, 0 for what the machine has
     * @param cache format of keys and values
     * @param worn what the text wears
     * @throws ResourceException if that takes more than the limit or the machine has
     */
    public SingleText(
            EngineModel model,
            int maxTokens,
            int maxBatchTokens,
            long memoryLimitBytes,
            GgmlType cache,
            List<EngineText.Worn> worn) {
        pool = model.pool(new EnginePool.Options(maxTokens, maxBatchTokens, MEMORIES, memoryLimitBytes, cache));
        try {
            text = begin(pool, maxTokens, worn);
        } catch (RuntimeException e) {
            pool.close();
            throw e;
        }
    }

    private static EngineText begin(EnginePool pool, int maxTokens, List<EngineText.Worn> worn) {
        EngineText begun = pool.text(maxTokens);
        try {
            begun.setAdapters(worn);
            return begun;
        } catch (RuntimeException e) {
            begun.close();
            throw e;
        }
    }

    /**
     * Appends tokens.
     *
     * @param tokens ids in [0, V)
     * @param from index of the first
     * @param n how many, at least 1
     * @param logits direct; written from its position, which stays: V floats for LAST, n * V for ALL
     * @throws BadInputException if a logit is not finite: the message says why
     */
    public void read(int[] tokens, int from, int n, EnginePool.Logits which, FloatBuffer logits) {
        pool.compute(List.of(new EnginePool.Part(text, tokens, from, n, EnginePool.Role.PROMPT, which)), logits);
    }

    /** Forgets all tokens. */
    public void clear() {
        text.truncate(0);
    }

    /** Tokens of the text. */
    public int length() {
        return text.length();
    }

    /** See {@link EnginePool#collectInputs}. */
    public void collectInputs() {
        pool.collectInputs();
    }

    /** See {@link EnginePool#readInputs}. */
    public EnginePool.InputSquares readInputs(DecoderModule module, int layer, int columns, int matrices) {
        return pool.readInputs(module, layer, columns, matrices);
    }

    @Override
    public void close() {
        text.close();
        pool.close();
    }
}
