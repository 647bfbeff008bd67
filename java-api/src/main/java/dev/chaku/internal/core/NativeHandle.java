package dev.chaku.internal.core;

import java.lang.ref.Cleaner;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * An object of the core, freed exactly once: by {@link #close}, or by the garbage collector if that was forgotten.
 *
 * <p>Closing is safe from any thread and any number of times. While a call is under way the object lives on and is
 * freed when that call returns; later calls throw IllegalStateException. A call is either shared, beside any number of
 * others, or exclusive, which throws IllegalStateException if another thread's exclusive call is under way.
 *
 * @param <P> the generated class of the handle
 */
abstract class NativeHandle<P extends Pointer> implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final State<P> state;
    private final Cleaner.Cleanable cleanable;

    /**
     * Takes over a handle that the core has just created.
     *
     * @param what a noun for messages, for instance {@code pool}
     * @param free must not refer to this object
     */
    NativeHandle(String what, P pointer, Consumer<P> free) {
        this.state = new State<>(what, pointer, free);
        this.cleanable = CLEANER.register(this, state);
    }

    /** Begins a shared call; {@link #leave} must follow. */
    final P enter() {
        return state.enter();
    }

    /** Begins a shared call, on a closed object too while another call is under way; {@link #leave} must follow. */
    final P enterWhileHeld() {
        return state.enterWhileHeld();
    }

    /** Begins a shared call unless the object is closed; {@link #leave} must follow when the result is not null. */
    final @Nullable P enterIfOpen() {
        return state.enterIfOpen();
    }

    /** Begins an exclusive call; {@link #leaveExclusive} must follow. */
    final P enterExclusive() {
        return state.enterExclusive();
    }

    final void leave() {
        state.leave();
    }

    final void leaveExclusive() {
        state.leaveExclusive();
    }

    /** Gives the handle to another owner: this object is closed afterwards, and nothing is freed. */
    final P detach() {
        P pointer = state.detach();
        cleanable.clean();
        return pointer;
    }

    /** Whether {@link #close} was called. */
    public final boolean isClosed() {
        return state.isClosed();
    }

    @Override
    public void close() {
        cleanable.clean();
    }

    /** Kept apart from the handle so that the cleaner does not keep the handle itself alive. */
    private static final class State<P extends Pointer> implements Runnable {
        private final String what;
        private final Consumer<P> free;
        private @Nullable P pointer;
        private int calls;
        private @Nullable Thread exclusive;
        private boolean closed;

        State(String what, P pointer, Consumer<P> free) {
            this.what = what;
            this.pointer = pointer;
            this.free = free;
        }

        synchronized P enter() {
            P open = enterIfOpen();
            if (open == null) {
                throw new IllegalStateException("the " + what + " is closed");
            }
            return open;
        }

        synchronized @Nullable P enterIfOpen() {
            if (closed) {
                return null;
            }
            calls++;
            return pointer;
        }

        synchronized P enterWhileHeld() {
            P held = pointer;
            if (!closed || held == null) {
                return enter();
            }
            calls++;
            return held;
        }

        synchronized P enterExclusive() {
            if (exclusive != null) {
                throw new IllegalStateException("the " + what + " is used by one thread at a time; a call of thread "
                        + exclusive.getName() + " is under way");
            }
            P open = enter();
            exclusive = Thread.currentThread();
            return open;
        }

        synchronized void leave() {
            calls--;
            if (closed && calls == 0) {
                freeNow();
            }
        }

        synchronized void leaveExclusive() {
            exclusive = null;
            leave();
        }

        synchronized P detach() {
            P taken = pointer;
            if (closed || taken == null) {
                throw new IllegalStateException("the " + what + " is closed");
            }
            if (calls > 0) {
                throw new IllegalStateException("the " + what + " is in use");
            }
            pointer = null;
            return taken;
        }

        synchronized boolean isClosed() {
            return closed;
        }

        /** Run once, by {@code close} or by the cleaner. */
        @Override
        public synchronized void run() {
            closed = true;
            if (calls == 0) {
                freeNow();
            }
        }

        private void freeNow() {
            P last = pointer;
            pointer = null;
            if (last != null) {
                free.accept(last);
            }
        }
    }
}
