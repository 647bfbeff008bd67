package dev.chaku.data;

import dev.chaku.errors.OperationCancelledException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Reads and encodes examples on threads of its own, some batches ahead of whoever takes the result, which comes in the
 * order of the examples whatever the number of threads. At most {@code 2 * threads} batches wait.
 */
final class AheadEncoder<E, T> {
    /** What becomes of an example, by an encoder of its thread's own. */
    interface Encoding<E, T> {
        void encode(ExampleEncoder encoder, E example, List<T> into);
    }

    private static final int BATCH = 64;
    private static final int MOST_THREADS = 8;

    private record Batch<T>(List<T> encoded, ExampleEncoder.Counts counts) {}

    private final ExampleEncoder encoder;
    private final List<? extends E> examples;
    private final Encoding<E, T> encoding;
    private final int threads;

    AheadEncoder(ExampleEncoder encoder, List<? extends E> examples, Encoding<E, T> encoding) {
        this.encoder = encoder;
        this.examples = examples;
        this.encoding = encoding;
        this.threads = Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());
    }

    /**
     * Encodes all of them.
     *
     * @throws RuntimeException what the first example in order that cannot be read or encoded throws
     * @throws OperationCancelledException if this thread is interrupted
     */
    void run(Consumer<? super T> into) {
        ExecutorService workers = Executors.newFixedThreadPool(threads, work -> {
            Thread thread = new Thread(work, "chaku-encoding");
            thread.setDaemon(true);
            return thread;
        });
        try {
            Deque<Future<Batch<T>>> ahead = new ArrayDeque<>();
            for (int from = 0; from < examples.size() || !ahead.isEmpty(); ) {
                while (from < examples.size() && ahead.size() < 2 * threads) {
                    int first = from;
                    from = Math.min(examples.size(), from + BATCH);
                    int end = from;
                    ahead.add(workers.submit(() -> encode(first, end)));
                }
                Batch<T> batch = await(ahead.remove());
                encoder.counts().add(batch.counts());
                batch.encoded().forEach(into);
            }
        } finally {
            workers.shutdownNow();
        }
    }

    private Batch<T> encode(int from, int to) {
        ExampleEncoder worker = encoder.another();
        List<T> encoded = new ArrayList<>();
        for (int i = from; i < to && !Thread.currentThread().isInterrupted(); i++) {
            encoding.encode(worker, examples.get(i), encoded);
        }
        return new Batch<>(encoded, worker.counts());
    }

    private static <T> Batch<T> await(Future<Batch<T>> batch) {
        try {
            return batch.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationCancelledException("interrupted while encoding the data", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            if (e.getCause() instanceof Error grave) {
                throw grave;
            }
            throw new IllegalStateException("encoding failed", e.getCause());
        }
    }
}
