package dev.chaku.internal.adapter.proof;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EngineSession;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.List;

/** Logits as a generation has them of its prompt: by a session, which may wear adapters. */
public final class SessionLogits implements LogitSource {
    private static final FloatBuffer NONE = DirectBuffers.floats(0);

    private final EngineSession session;
    private int[] text = {};

    /**
     * @param maxTokens of the longest text
     * @param maxRows most positions that are asked for at once
     * @param worn what it wears
     */
    public SessionLogits(
            EngineModel model, int maxTokens, int maxRows, long memoryLimitBytes, List<EngineSession.Worn> worn) {
        session = model.session(new EngineSession.Options(maxTokens, maxRows, memoryLimitBytes, GgmlType.F32));
        session.setAdapters(worn);
    }

    @Override
    public void rows(int[] tokens, int from, int n, FloatBuffer target) {
        if (text != tokens || session.length() > from) {
            session.truncate(0);
            text = tokens;
        }
        int read = session.length();
        if (read < from) {
            session.eval(tokens, read, from - read, EngineSession.Role.PROMPT, EngineSession.Logits.NONE, NONE);
        }
        session.eval(tokens, from, n, EngineSession.Role.PROMPT, EngineSession.Logits.ALL, target);
    }

    @Override
    public void close() {
        session.close();
    }
}
