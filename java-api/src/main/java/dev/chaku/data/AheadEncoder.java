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
final class AheadEncoder {
    private static final int BATCH = 64;
    private static final int MOST_THREADS = 8;

    private record Batch(List<EncodedExample> encoded, ExampleEncoder.Counts counts) {}

    private final ExampleEncoder encoder;
    private final List<Example> examples;
    private final int threads;

    AheadEncoder(ExampleEncoder encoder, List<Example> examples) {
        this.encoder = encoder;
        this.examples = examples;
        this.threads = Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());
    }

    /**
     * Encodes all of them.
     *
     * @throws RuntimeException what the first example in order that cannot be read or encoded throws
     * @throws OperationCancelledException if this thread is interrupted
     */
    void run(Consumer<EncodedExample> into) {
        ExecutorService workers = Executors.newFixedThreadPool(threads, work -> {
            Thread thread = new Thread(work, "chaku-encoding");
            thread.setDaemon(true);
            return thread;
        });
        try {
            Deque<Future<Batch>> ahead = new ArrayDeque<>();
            for (int from = 0; from < examples.size() || !ahead.isEmpty(); ) {
                while (from < examples.size() && ahead.size() < 2 * threads) {
                    int first = from;
                    from = Math.min(examples.size(), from + BATCH);
                    int end = from;
                    ahead.add(workers.submit(() -> encode(first, end)));
                }
                Batch batch = await(ahead.remove());
                encoder.counts().add(batch.counts());
                batch.encoded().forEach(into);
            }
        } finally {
            workers.shutdownNow();
        }
    }

    private Batch encode(int from, int to) {
        ExampleEncoder worker = encoder.another();
        List<EncodedExample> encoded = new ArrayList<>();
        for (int i = from; i < to && !Thread.currentThread().isInterrupted(); i++) {
            worker.encode(examples.get(i), encoded);
        }
        return new Batch(encoded, worker.counts());
    }

    private static Batch await(Future<Batch> batch) {
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
