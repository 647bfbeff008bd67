package dev.chaku.internal.quantize;

import dev.chaku.errors.OperationCancelledException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A work in parts that several threads do and the calling thread takes up in their order: a few parts are in memory at
 * a time, each in a slot of buffers that is used again. What comes out does not depend on the number of threads. Use
 * from one thread; close it to end the others.
 *
 * @param <S> the buffers of a part
 */
public final class OrderedParts<S> implements AutoCloseable {
    private final ExecutorService threads;
    private final List<S> slots = new ArrayList<>();

    /** Does a part, on one of the threads. */
    @FunctionalInterface
    public interface Task<S> {
        /** @param slot the task's alone until it is taken up */
        void run(S slot);
    }

    /** Takes up parts that are done, on the calling thread and in order. */
    @FunctionalInterface
    public interface Taker<S> {
        /** @param slot as the task left it */
        void take(S slot) throws IOException;
    }

    private record Pending<S>(S slot, Future<?> done) {}

    /**
     * @param threads that compute; 0 for one per core that the JVM may use
     * @param name of the threads
     */
    public OrderedParts(int threads, String name, Supplier<S> slot) {
        int n = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        this.threads = Executors.newFixedThreadPool(n, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
        for (int i = 0; i <= n; i++) {
            slots.add(slot.get());
        }
    }

    /**
     * Does all parts.
     *
     * @throws IOException that the taker threw; what a task threw is thrown as it is
     */
    public void run(Iterator<? extends Task<S>> tasks, Taker<S> taker) throws IOException {
        Deque<Pending<S>> pending = new ArrayDeque<>();
        Deque<S> free = new ArrayDeque<>(slots);
        try {
            while (tasks.hasNext() || !pending.isEmpty()) {
                if (tasks.hasNext() && !free.isEmpty()) {
                    Task<S> task = tasks.next();
                    S slot = free.remove();
                    pending.add(new Pending<>(slot, threads.submit(() -> task.run(slot))));
                } else {
                    Pending<S> first = pending.remove();
                    await(first.done());
                    taker.take(first.slot());
                    free.add(first.slot());
                }
            }
        } finally {
            pending.forEach(part -> abandon(part.done()));
        }
    }

    private static void await(Future<?> done) {
        try {
            done.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException("encoding failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationCancelledException("interrupted while encoding");
        }
    }

    /** After a failure: buffers must be out of use before they are used again. */
    private static void abandon(Future<?> part) {
        try {
            part.get();
        } catch (ExecutionException e) {
            // The failure that led here is the one to report.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        try {
            threads.awaitTermination(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
