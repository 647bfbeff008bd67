package dev.chaku.internal.train;

import dev.chaku.errors.OperationCancelledException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Where a run, between two of its steps, waits and saves because somebody outside asks for it. Thread-safe;
 * {@link #pass} and {@link #close} are called by the run alone.
 */
final class RunGate {
    private final List<CompletableFuture<Path>> asked = new ArrayList<>();
    private boolean shut;
    private boolean waits;
    private boolean closed;

    /** From now on the run waits here; or, if it is not to be shut, goes on. */
    synchronized void shut(boolean on) {
        shut = on;
        notifyAll();
    }

    /** Whether the run stands still. */
    synchronized boolean isWaitedAt() {
        return waits;
    }

    /** Makes the run look again whether it is to leave. */
    synchronized void wake() {
        notifyAll();
    }

    /** Asks for a checkpoint. */
    synchronized CompletableFuture<Path> save() {
        CompletableFuture<Path> save = new CompletableFuture<>();
        if (closed) {
            save.completeExceptionally(ended());
        } else {
            asked.add(save);
            notifyAll();
        }
        return save;
    }

    /**
     * Saves if that is asked for, and waits while the gate is shut, saving meanwhile.
     *
     * @param leaves whether the run is to end, for which it does not wait
     * @param canSave whether there is anything to save yet; what is asked for stays so otherwise
     * @param save makes a checkpoint, if there is none of this step, and says where it is
     * @return whether it waited
     */
    boolean pass(BooleanSupplier leaves, boolean canSave, Supplier<Path> save) {
        boolean waited = false;
        while (true) {
            List<CompletableFuture<Path>> now;
            synchronized (this) {
                while (shut && !leaves.getAsBoolean() && (asked.isEmpty() || !canSave)) {
                    waited = true;
                    waits = true;
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new OperationCancelledException("interrupted while the training was paused", e);
                    } finally {
                        waits = false;
                    }
                }
                if (asked.isEmpty() || !canSave) {
                    return waited;
                }
                now = List.copyOf(asked);
                asked.clear();
            }
            save(now, save);
        }
    }

    /** What fails here is told to those who asked, and ends nothing. */
    private static void save(List<CompletableFuture<Path>> asked, Supplier<Path> save) {
        try {
            Path checkpoint = save.get();
            asked.forEach(one -> one.complete(checkpoint));
        } catch (RuntimeException e) {
            asked.forEach(one -> one.completeExceptionally(e));
        }
    }

    /** The run has ended: nothing is saved any more. */
    void close() {
        List<CompletableFuture<Path>> left;
        synchronized (this) {
            closed = true;
            left = List.copyOf(asked);
            asked.clear();
        }
        left.forEach(one -> one.completeExceptionally(ended()));
    }

    private static IllegalStateException ended() {
        return new IllegalStateException("the training has ended, and saves no checkpoint any more");
    }
}
