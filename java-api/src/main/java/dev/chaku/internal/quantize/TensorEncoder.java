package dev.chaku.internal.quantize;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.BlockCodec;
import dev.chaku.internal.engine.lookup.Engines;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Encodes matrices into a channel with several threads and bounded memory: a matrix is cut into parts of whole rows, a
 * few of which are in memory at a time, and their bytes are written in order. Parts depend on shapes alone, so that
 * bytes and sums do not depend on the number of threads. Use from one thread; close it to end the others.
 */
public final class TensorEncoder implements AutoCloseable {
    /** Elements of a part: enough work for a task, little memory. */
    private static final long PART_ELEMENTS = 1 << 18;

    /** A longer row would not fit the buffers; no model comes near. */
    private static final long MOST_COLUMNS = 1 << 28;

    private final ExecutorService threads;
    private final List<Slot> slots = new ArrayList<>();

    /**
     * What to encode.
     *
     * @param name for messages
     * @param columns length of a row, in whole blocks of the type
     * @param rows of all matrices of the tensor together
     * @param type its format from now on; the core can encode it
     * @param importance one direct buffer for each of the tensor's matrices: what squared errors of its columns weigh;
     *     empty for equal weights
     * @param measure whether to decode again and compare
     */
    public record Work(
            String name,
            RowSource source,
            long columns,
            long rows,
            GgmlType type,
            List<FloatBuffer> importance,
            boolean measure) {
        long rowsPerMatrix() {
            return importance.isEmpty() ? rows : rows / importance.size();
        }
    }

    private record Part(long firstRow, int rows, @Nullable FloatBuffer importance) {}

    /** Buffers of one part. */
    private static final class Slot {
        private final Scratch input = new Scratch();
        private final Scratch output = new Scratch();
        private final Scratch source = new Scratch();
        private ByteBuffer encoded = output.bytes(0);
        private ErrorSums errors = ErrorSums.NONE;
    }

    private record Pending(Slot slot, Future<?> done, long elements) {}

    /** @param threads that compute; 0 for one per core that the JVM may use */
    public TensorEncoder(int threads) {
        int n = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        this.threads = Executors.newFixedThreadPool(n, task -> {
            Thread thread = new Thread(task, "chaku-encoder");
            thread.setDaemon(true);
            return thread;
        });
        for (int i = 0; i <= n; i++) {
            slots.add(new Slot());
        }
    }

    /** Whether the core can encode a format. */
    public static boolean canEncode(GgmlType type) {
        return Engines.codec()
                .describe(type)
                .map(BlockCodec.Format::canQuantize)
                .orElse(false);
    }

    /**
     * Encodes a tensor.
     *
     * @param progress told the number of elements after each part
     * @return what it cost, if that is measured
     * @throws BadInputException if a value is not finite or too large for the format, or the source cannot be read
     */
    public ErrorSums encode(Work work, WritableByteChannel out, LongConsumer progress) throws IOException {
        if (work.columns() > MOST_COLUMNS) {
            throw new BadInputException(
                    work.name() + ": expected rows of at most " + MOST_COLUMNS + " elements, found " + work.columns());
        }
        Deque<Pending> pending = new ArrayDeque<>();
        Deque<Slot> free = new ArrayDeque<>(slots);
        ErrorSums errors = ErrorSums.NONE;
        try {
            long row = 0;
            while (row < work.rows() || !pending.isEmpty()) {
                if (row < work.rows() && !free.isEmpty()) {
                    Part part = part(work, row);
                    Slot slot = free.remove();
                    pending.add(new Pending(
                            slot, threads.submit(() -> encode(work, part, slot)), part.rows() * work.columns()));
                    row += part.rows();
                } else {
                    Pending first = pending.remove();
                    await(first.done());
                    out.write(first.slot().encoded.duplicate());
                    errors = errors.plus(first.slot().errors);
                    free.add(first.slot());
                    progress.accept(first.elements());
                }
            }
            return errors;
        } finally {
            pending.forEach(TensorEncoder::abandon);
        }
    }

    /** The part from a row on: within one matrix, as the importance is its own. */
    private static Part part(Work work, long row) {
        long matrix = row / work.rowsPerMatrix();
        long left = (matrix + 1) * work.rowsPerMatrix() - row;
        long rows = Math.min(left, Math.max(1, PART_ELEMENTS / work.columns()));
        return new Part(
                row,
                (int) rows,
                work.importance().isEmpty() ? null : work.importance().get((int) matrix));
    }

    private static void encode(Work work, Part part, Slot slot) {
        int elements = Math.toIntExact(part.rows() * work.columns());
        int bytes = Math.toIntExact(part.rows() * work.type().rowBytes(work.columns()));
        FloatBuffer values = slot.input.floats(elements);
        work.source().read(part.firstRow(), values, slot.source);
        values.rewind();
        ValueRange.require(work.name(), work.type(), values, part.firstRow() * work.columns(), work.columns());
        slot.encoded = slot.output.bytes(bytes);
        Engines.codec().quantize(work.type(), values, part.importance(), slot.encoded);
        slot.errors = work.measure() ? measure(work.type(), slot, values) : ErrorSums.NONE;
    }

    private static ErrorSums measure(GgmlType type, Slot slot, FloatBuffer values) {
        FloatBuffer decoded = slot.output.floats(values.limit());
        Engines.codec().dequantize(type, slot.encoded, decoded);
        double error = 0;
        double squares = 0;
        for (int i = 0; i < values.limit(); i++) {
            double value = values.get(i);
            double difference = decoded.get(i) - value;
            error += difference * difference;
            squares += value * value;
        }
        return new ErrorSums(error, squares);
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
    private static void abandon(Pending part) {
        try {
            part.done().get();
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
