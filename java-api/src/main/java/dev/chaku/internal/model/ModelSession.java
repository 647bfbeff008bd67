package dev.chaku.internal.model;

import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EngineSession;
import dev.chaku.internal.generate.DecodeSession;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A session of the core that knows which tokens it has computed, in which role, and which adapters it wears. */
public final class ModelSession implements DecodeSession, AutoCloseable {
    private static final FloatBuffer NO_LOGITS = DirectBuffers.floats(0);

    private final EngineSession core;
    private final int[] tokens;
    private final boolean mixes;
    private int length;
    /**
     * Tokens at the beginning that were computed as a prompt: a prompt computed anew would have the same digits there.
     */
    private int promptLength;

    private List<EngineSession.Worn> worn = List.of();

    /** @param mixes whether layers have a running memory, which cannot go back to an earlier token */
    ModelSession(EngineModel model, EngineSession.Options options, boolean mixes) {
        this.core = model.session(options);
        this.mixes = mixes;
        this.tokens = new int[options.maxTokens()];
    }

    /** Changes what is worn; the text is forgotten if that differs from what was. */
    void wear(List<EngineSession.Worn> adapters) {
        if (!worn.equals(adapters)) {
            truncate(0);
            core.setAdapters(adapters);
            worn = List.copyOf(adapters);
        }
    }

    boolean wears(EngineAdapter adapter) {
        return worn.stream().anyMatch(one -> one.adapter() == adapter);
    }

    /** Takes everything off if an adapter among it was closed, so that its memory goes back. */
    void takeOffClosed() {
        if (worn.stream().anyMatch(one -> one.adapter().isClosed())) {
            wear(List.of());
        }
    }

    @Override
    public int vocabSize() {
        return core.vocabSize();
    }

    @Override
    public int capacity() {
        return tokens.length;
    }

    @Override
    public int startWith(int[] text) {
        int common = 0;
        int most = Math.min(promptLength, text.length - 1);
        while (common < most && tokens[common] == text[common]) {
            common++;
        }
        if (mixes && common < length) {
            common = 0;
        }
        truncate(common);
        return common;
    }

    private void truncate(int n) {
        if (n < length) {
            core.truncate(n);
            length = n;
            promptLength = Math.min(promptLength, n);
        }
    }

    @Override
    public void append(EngineSession.Role role, int[] text, int from, int n, @Nullable FloatBuffer logits) {
        EngineSession.Logits which = logits == null ? EngineSession.Logits.NONE : EngineSession.Logits.LAST;
        append(role, text, from, n, which, logits == null ? NO_LOGITS : logits);
    }

    @Override
    public void appendForAll(int[] text, int from, int n, FloatBuffer logits) {
        append(EngineSession.Role.PROMPT, text, from, n, EngineSession.Logits.ALL, logits);
    }

    private void append(
            EngineSession.Role role, int[] text, int from, int n, EngineSession.Logits which, FloatBuffer logits) {
        core.eval(text, from, n, role, which, logits);
        System.arraycopy(text, from, tokens, length, n);
        if (role == EngineSession.Role.PROMPT && promptLength == length) {
            promptLength += n;
        }
        length += n;
    }

    @Override
    public void cancel() {
        core.cancel();
    }

    @Override
    public void close() {
        core.close();
    }
}
