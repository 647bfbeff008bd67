package dev.chaku.internal.model;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EngineSession;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one session of a model between generations, so that a prompt that begins like the one before need not be
 * computed again. Thread-safe: who borrows has the session alone until it comes back.
 */
public final class SessionCache implements AutoCloseable {
    /**
     * How sessions are made.
     *
     * @param memoryLimitBytes refuse above it, 0 for what the machine has
     * @param cache format of keys and values
     */
    public record Settings(long memoryLimitBytes, GgmlType cache) {}

    /** Capacities are multiples of it, so that a few tokens more need no new session. */
    private static final int STEP = 256;

    private final EngineModel model;
    private final int contextLength;
    private final int longAfter;
    private final Settings settings;
    private final boolean mixes;
    private @Nullable ModelSession idle;
    private boolean closed;

    SessionCache(EngineModel model, DecoderSpec spec, Settings settings) {
        this.model = model;
        this.contextLength = spec.contextLength();
        this.longAfter = spec.longAfter();
        this.mixes = spec.mixes();
        this.settings = settings;
    }

    /**
     * A session for at least so many tokens, which wears these adapters.
     *
     * @throws ResourceException if memory does not suffice
     * @throws BadInputException if the cache cannot have the format of the options
     */
    public ModelSession borrow(int tokens, List<EngineSession.Worn> adapters) {
        ModelSession session = takeIdle();
        if (session != null && (session.capacity() < tokens || isLong(session.capacity()) != isLong(tokens))) {
            session.close();
            session = null;
        }
        if (session == null) {
            long rounded = (tokens + STEP - 1L) / STEP * STEP;
            int capacity = (int) Math.min(isLong(tokens) || longAfter == 0 ? contextLength : longAfter, rounded);
            session = new ModelSession(
                    model,
                    new EngineSession.Options(capacity, 0, settings.memoryLimitBytes(), settings.cache()),
                    mixes);
        }
        try {
            session.wear(adapters);
            return session;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /**
     * Whether a context is long: the capacity of a session decides which rotations a model with two kinds uses, so that
     * it may depend on what was asked for, but not on what was asked before.
     */
    private boolean isLong(int tokens) {
        return longAfter > 0 && tokens > longAfter;
    }

    private synchronized @Nullable ModelSession takeIdle() {
        ModelSession session = idle;
        idle = null;
        return session;
    }

    /** Takes a session back that is as good as before. */
    public synchronized void giveBack(ModelSession session) {
        if (closed || idle != null) {
            session.close();
        } else {
            session.takeOffClosed();
            idle = session;
        }
    }

    /** Makes the session that waits here let go of a closed adapter; one at work does when it comes back. */
    public synchronized void takeOff(EngineAdapter adapter) {
        if (idle != null && idle.wears(adapter)) {
            idle.takeOffClosed();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (idle != null) {
            idle.close();
            idle = null;
        }
    }
}
