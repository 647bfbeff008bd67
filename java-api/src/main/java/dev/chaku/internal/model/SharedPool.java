package dev.chaku.internal.model;

import dev.chaku.errors.ResourceException;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineText;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A pool of the engine whose users take turns, step by step. Thread-safe. */
final class SharedPool implements AutoCloseable {
    private final EnginePool core;
    private final BooleanSupplier makeRoom;
    private final ReentrantLock turn = new ReentrantLock(true);
    private final Object runningLock = new Object();
    private @Nullable Object running;

    /** @param makeRoom closes a text that waits, false if there is none */
    SharedPool(EnginePool core, BooleanSupplier makeRoom) {
        this.core = core;
        this.makeRoom = makeRoom;
    }

    EnginePool core() {
        return core;
    }

    /** Makes a text while nobody else works in the pool. */
    EngineText make(Supplier<EngineText> work) {
        turn.lock();
        try {
            return work.get();
        } finally {
            turn.unlock();
        }
    }

    /** Does something with a text of the pool while nobody else works in it. */
    void run(Runnable work) {
        turn.lock();
        try {
            work.run();
        } finally {
            turn.unlock();
        }
    }

    /**
     * Computes a part when it is its user's turn. Texts that wait give their room to it.
     *
     * @param user whose {@link #cancel} ends it
     * @throws ResourceException if there is no room even so
     */
    void compute(Object user, EnginePool.Part part, FloatBuffer logits) {
        turn.lock();
        try {
            while (!tryCompute(user, part, logits)) {
                // room was made
            }
        } finally {
            turn.unlock();
        }
    }

    private boolean tryCompute(Object user, EnginePool.Part part, FloatBuffer logits) {
        setRunning(user);
        try {
            core.compute(List.of(part), logits);
            return true;
        } catch (ResourceException e) {
            if (!makeRoom.getAsBoolean()) {
                throw e;
            }
            return false;
        } finally {
            setRunning(null);
        }
    }

    private void setRunning(@Nullable Object user) {
        synchronized (runningLock) {
            running = user;
        }
    }

    /** Ends the step under way if it is this user's. */
    void cancel(Object user) {
        synchronized (runningLock) {
            if (running == user) {
                core.cancel();
            }
        }
    }

    EngineText text(int maxTokens) {
        return make(() -> core.text(maxTokens));
    }

    @Override
    public void close() {
        core.close();
    }
}
