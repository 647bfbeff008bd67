package dev.chaku.internal.schedule;

import dev.chaku.generate.Generation;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A generation that was submitted, as its consumer sees it: pieces of text as they come, then the whole. Thread-safe;
 * waiting suits virtual threads.
 */
public final class Ticket {
    /** A text whose consumer is so many pieces behind waits for it. */
    private static final int MOST_BEHIND = 64;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<String> pieces = new ArrayDeque<>();
    private final CompletableFuture<Generation> outcome = new CompletableFuture<>();
    private final boolean streams;
    private final Runnable onCancel;
    private final Runnable onRoom;
    private Runnable onChange = () -> {};

    /** @param streams whether the consumer takes pieces, and the text waits where it is too far behind */
    Ticket(boolean streams, Runnable onCancel, Runnable onRoom) {
        this.streams = streams;
        this.onCancel = onCancel;
        this.onRoom = onRoom;
    }

    /** Is told on the scheduler's thread whenever there is more; must be quick. */
    public void onChange(Runnable told) {
        lock.lock();
        try {
            onChange = told;
        } finally {
            lock.unlock();
        }
        told.run();
    }

    void piece(String piece) {
        if (!streams) {
            return;
        }
        Runnable told;
        lock.lock();
        try {
            pieces.add(piece);
            changed.signalAll();
            told = onChange;
        } finally {
            lock.unlock();
        }
        told.run();
    }

    boolean isFarBehind() {
        lock.lock();
        try {
            return pieces.size() >= MOST_BEHIND;
        } finally {
            lock.unlock();
        }
    }

    /** Ends it; the first to do so decides how. */
    void end(@Nullable Generation generation, @Nullable Throwable failure) {
        if (failure != null) {
            outcome.completeExceptionally(failure);
        } else {
            outcome.complete(generation);
        }
        Runnable told;
        lock.lock();
        try {
            changed.signalAll();
            told = onChange;
        } finally {
            lock.unlock();
        }
        told.run();
    }

    /**
     * The next piece of the text; waits for it.
     *
     * @return null when the text has ended
     */
    public @Nullable String next() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (pieces.isEmpty() && !outcome.isDone()) {
                changed.await();
            }
        } finally {
            lock.unlock();
        }
        return poll();
    }

    /** The next piece if it is there; null if not, or if the text has ended. */
    public @Nullable String poll() {
        boolean wasFarBehind;
        String piece;
        lock.lock();
        try {
            wasFarBehind = pieces.size() >= MOST_BEHIND;
            piece = pieces.poll();
        } finally {
            lock.unlock();
        }
        if (wasFarBehind) {
            onRoom.run();
        }
        return piece;
    }

    /** Whether all was taken and nothing comes any more. */
    public boolean isExhausted() {
        lock.lock();
        try {
            return pieces.isEmpty() && outcome.isDone();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the generation soon, with what there is. */
    public void cancel() {
        onCancel.run();
    }

    /** Completed when the generation has ended, or failed. */
    public CompletableFuture<Generation> outcome() {
        return outcome;
    }

    /**
     * The generation; waits for it, whatever interrupts.
     *
     * @throws RuntimeException what the generation failed with
     */
    public Generation join() {
        try {
            return outcome.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e;
        }
    }

    /** Waits until the generation has ended or failed, whatever interrupts. */
    public void awaitEnd() {
        outcome.handle((generation, failure) -> "").join();
    }
}
