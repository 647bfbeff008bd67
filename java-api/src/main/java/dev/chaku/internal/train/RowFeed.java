package dev.chaku.internal.train;

import dev.chaku.data.EncodedExamples;
import dev.chaku.data.PackedRow;
import dev.chaku.data.PackedRows;
import dev.chaku.data.Packer;
import dev.chaku.errors.ChakuException;
import dev.chaku.errors.OperationCancelledException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a run, epoch after epoch from a given position, packed, read and put together on a thread of their own a
 * few rows ahead of the trainer, so that it waits for no disk. {@link #next} belongs to one thread.
 */
final class RowFeed implements AutoCloseable {
    private static final int AHEAD = 4;

    /** A row, or why there is none. */
    private record Fed(@Nullable PackedRow row, @Nullable Throwable failure) {}

    private final Packer packer;
    private final EncodedExamples examples;
    private final BlockingQueue<Fed> queue = new ArrayBlockingQueue<>(AHEAD);
    private final Thread thread;

    /**
     * @param epoch whose rows come first
     * @param row of that epoch that comes first
     */
    RowFeed(Packer packer, EncodedExamples examples, int epoch, int row) {
        this.packer = packer;
        this.examples = examples;
        this.thread = new Thread(() -> feed(epoch, row), "chaku-rows");
        thread.setDaemon(true);
        thread.start();
    }

    private void feed(int firstEpoch, int firstRow) {
        try {
            try {
                int from = firstRow;
                for (int epoch = firstEpoch; ; epoch++) {
                    PackedRows rows = packer.epoch(examples, epoch);
                    for (PackedRow row : rows.subList(from, rows.size())) {
                        queue.put(new Fed(row, null));
                    }
                    from = 0;
                }
            } catch (RuntimeException | Error e) {
                queue.put(new Fed(null, e));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // Closed: nobody takes more.
        }
    }

    /**
     * The next row; waits for it.
     *
     * @throws ChakuException what kept it from being read
     * @throws OperationCancelledException if this thread is interrupted
     */
    PackedRow next() {
        try {
            Fed fed = queue.take();
            if (fed.failure() instanceof RuntimeException e) {
                throw e;
            }
            if (fed.failure() instanceof Error e) {
                throw e;
            }
            return fed.row();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationCancelledException("interrupted while waiting for data", e);
        }
    }

    /** Ends its thread; may be repeated. */
    @Override
    public void close() {
        thread.interrupt();
    }
}
