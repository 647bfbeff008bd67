package dev.chaku.internal.adapter.proof;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.model.SingleText;
import java.nio.FloatBuffer;
import java.util.List;

/** Logits as a generation has them of its prompt: of a text, which may wear adapters. */
public final class TextLogits implements LogitSource {
    private static final FloatBuffer NONE = DirectBuffers.floats(0);

    private final SingleText text;
    private int[] known = {};

    /**
     * @param maxTokens of the longest text
     * @param maxRows most positions that are asked for at once
     * @param worn what it wears
     */
    public TextLogits(
            EngineModel model, int maxTokens, int maxRows, long memoryLimitBytes, List<EngineText.Worn> worn) {
        text = new SingleText(model, maxTokens, maxRows, memoryLimitBytes, GgmlType.F32, worn);
    }

    @Override
    public void rows(int[] tokens, int from, int n, FloatBuffer target) {
        if (known != tokens || text.length() > from) {
            text.clear();
            known = tokens;
        }
        int read = text.length();
        if (read < from) {
            text.read(tokens, read, from - read, EnginePool.Logits.NONE, NONE);
        }
        text.read(tokens, from, n, EnginePool.Logits.ALL, target);
    }

    @Override
    public void close() {
        text.close();
    }
}
