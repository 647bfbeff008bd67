package dev.chaku.internal.model;

import dev.chaku.internal.engine.EngineSession;
import dev.chaku.internal.generate.DecodeSession;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A text that is worked on, in a pool that others use too. */
public final class ModelSession implements DecodeSession, AutoCloseable {
    private static final FloatBuffer NO_LOGITS = DirectBuffers.floats(0);

    /** Tokens of a prompt in a step while others wait for their turns. */
    private static final int PART_BESIDE_OTHERS = 128;

    private final SessionCache cache;
    private final SessionCache.Place place;
    private final List<EngineSession.Worn> worn;
    private @Nullable KeptText text;

    ModelSession(SessionCache cache, SessionCache.Place place, List<EngineSession.Worn> worn) {
        this.cache = cache;
        this.place = place;
        this.worn = worn;
    }

    SessionCache.Place place() {
        return place;
    }

    List<EngineSession.Worn> worn() {
        return worn;
    }

    /** Takes the text away, if there is one. */
    @Nullable
    KeptText takeText() {
        KeptText taken = text;
        text = null;
        return taken;
    }

    @Override
    public int vocabSize() {
        return place.pool().core().vocabSize();
    }

    @Override
    public int capacity() {
        return place.capacity();
    }

    @Override
    public int startWith(int[] prompt) {
        text = cache.textFor(this, prompt);
        return text.length();
    }

    @Override
    public void append(EngineSession.Role role, int[] tokens, int from, int n, @Nullable FloatBuffer logits) {
        int done = 0;
        int cut = role == EngineSession.Role.PROMPT ? current().cut(n) : 0;
        while (done < n) {
            int most = role == EngineSession.Role.PROMPT && cache.isShared(place) ? PART_BESIDE_OTHERS : n;
            int now = Math.min(most, (done < cut ? cut : n) - done);
            boolean last = done + now == n && logits != null;
            compute(
                    role,
                    tokens,
                    from + done,
                    now,
                    last ? EngineSession.Logits.LAST : EngineSession.Logits.NONE,
                    logits);
            done += now;
            if (done == cut) {
                current().takeSnapshot();
            }
        }
    }

    @Override
    public void appendForAll(int[] tokens, int from, int n, FloatBuffer logits) {
        compute(EngineSession.Role.PROMPT, tokens, from, n, EngineSession.Logits.ALL, logits);
    }

    private KeptText current() {
        KeptText now = text;
        if (now == null) {
            now = cache.newText(this);
            text = now;
        }
        return now;
    }

    private void compute(
            EngineSession.Role role,
            int[] tokens,
            int from,
            int n,
            EngineSession.Logits which,
            @Nullable FloatBuffer logits) {
        KeptText now = current();
        place.pool().compute(this, now.part(role, tokens, from, n, which), logits == null ? NO_LOGITS : logits);
        now.added(role, tokens, from, n);
    }

    @Override
    public void cancel() {
        place.pool().cancel(this);
    }

    /** Gives up the text too, in place of {@link SessionCache#giveBack}. */
    @Override
    public void close() {
        cache.abandon(this);
    }
}
