package dev.chaku.internal.schedule;

import dev.chaku.errors.OperationCancelledException;
import dev.chaku.internal.generate.DecodeSession;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A text that its owner appends to, call by call, among the others that the scheduler computes. */
public final class TextSession implements DecodeSession, AutoCloseable {
    private final Scheduler scheduler;
    private final int vocabSize;
    private final Reading work;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** What the owner wants; null when it waits for nothing. */
    private @Nullable Wish wish;

    private @Nullable Throwable failure;
    private boolean ended;
    private boolean submitted;

    /** A call of the owner's. */
    private static final class Wish {
        final boolean begins;
        final int[] tokens;
        final int from;
        final int n;
        final boolean all;
        final @Nullable FloatBuffer logits;
        boolean seen;
        boolean done;
        int answer;

        Wish(boolean begins, int[] tokens, int from, int n, boolean all, @Nullable FloatBuffer logits) {
            this.begins = begins;
            this.tokens = tokens;
            this.from = from;
            this.n = n;
            this.all = all;
            this.logits = logits;
        }
    }

    TextSession(Scheduler scheduler, int vocabSize, Order order, int maxTokens, int mostTokens) {
        this.scheduler = scheduler;
        this.vocabSize = vocabSize;
        this.work = new Reading(order, maxTokens, mostTokens);
    }

    /** The scheduler's side. */
    private final class Reading extends Work {
        private @Nullable Wish current;

        Reading(Order order, int maxTokens, int mostTokens) {
            super(order, maxTokens, mostTokens, new int[0]);
        }

        @Override
        void look() {
            lock.lock();
            try {
                Wish now = wish;
                if (now == null || now.seen) {
                    return;
                }
                now.seen = true;
                current = now;
            } finally {
                lock.unlock();
            }
            if (current.begins) {
                scheduler.leavePlace(this);
                tokens = Arrays.copyOf(current.tokens, Math.max(64, current.tokens.length));
                known = current.tokens.length;
                allFrom = Integer.MAX_VALUE;
            } else {
                allFrom = current.all ? known : Integer.MAX_VALUE;
                for (int i = 0; i < current.n; i++) {
                    add(current.tokens[current.from + i]);
                }
            }
            promptTokens = known;
            wantsLast = !current.all && current.logits != null;
        }

        @Override
        void admitted(int cached) {
            Wish now = current;
            if (now != null && now.begins) {
                known = cached;
                promptTokens = cached;
                answer(now, cached);
            }
        }

        @Override
        void told(int from, int n, FloatBuffer rows, int vocab) {
            Wish now = current;
            if (now == null) {
                return;
            }
            FloatBuffer logits = now.logits;
            if (logits != null && (now.all || computed == known)) {
                int row = now.all ? from - allFrom : 0;
                int count = now.all ? n : 1;
                logits.put(logits.position() + row * vocab, rows, rows.position(), count * vocab);
            }
            if (computed == known) {
                answer(now, 0);
            }
        }

        private void answer(Wish now, int value) {
            current = null;
            lock.lock();
            try {
                now.done = true;
                now.answer = value;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        boolean isOver() {
            return false;
        }

        @Override
        void end(@Nullable Throwable cause) {
            lock.lock();
            try {
                ended = true;
                failure = cause;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public int capacity() {
        return work.mostTokens;
    }

    @Override
    public int startWith(int[] tokens) {
        return ask(new Wish(true, tokens, 0, tokens.length, false, null));
    }

    @Override
    public void append(int[] tokens, int from, int n, @Nullable FloatBuffer logits) {
        ask(new Wish(false, tokens, from, n, false, logits));
    }

    @Override
    public void appendForAll(int[] tokens, int from, int n, FloatBuffer logits) {
        ask(new Wish(false, tokens, from, n, true, logits));
    }

    private int ask(Wish now) {
        lock.lock();
        try {
            wish = now;
        } finally {
            lock.unlock();
        }
        if (submitted) {
            scheduler.wake();
        } else {
            submitted = true;
            scheduler.enter(work);
        }
        boolean interrupted = false;
        lock.lock();
        try {
            while (!now.done && !ended) {
                try {
                    changed.await();
                } catch (InterruptedException e) {
                    interrupted = true;
                    scheduler.cancel(work);
                }
            }
            wish = null;
        } finally {
            lock.unlock();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (!now.done) {
            throw failed(interrupted);
        }
        return now.answer;
    }

    private RuntimeException failed(boolean interrupted) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof RuntimeException cause) {
            return cause;
        }
        return interrupted
                ? new OperationCancelledException("the computation was interrupted")
                : new IllegalStateException("the session is closed");
    }

    /** Gives its place back; what it has computed may serve others. */
    @Override
    public void close() {
        if (submitted) {
            scheduler.cancel(work);
        }
    }
}
