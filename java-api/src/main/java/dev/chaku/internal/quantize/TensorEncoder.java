package dev.chaku.internal.quantize;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.BlockCodec;
import dev.chaku.internal.engine.lookup.Engines;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Iterator;
import java.util.List;
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

    private final OrderedParts<Slot> parts;

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
        private long elements;
        private ErrorSums errors = ErrorSums.NONE;
    }

    /** @param threads that compute; 0 for one per core that the JVM may use */
    public TensorEncoder(int threads) {
        this.parts = new OrderedParts<>(threads, "chaku-encoder", Slot::new);
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
        ErrorSum errors = new ErrorSum();
        parts.run(cut(work), slot -> {
            out.write(slot.encoded.duplicate());
            errors.add(slot.errors);
            progress.accept(slot.elements);
        });
        return errors.sums;
    }

    private static Iterator<OrderedParts.Task<Slot>> cut(Work work) {
        return new Iterator<>() {
            private long row;

            @Override
            public boolean hasNext() {
                return row < work.rows();
            }

            @Override
            public OrderedParts.Task<Slot> next() {
                Part part = part(work, row);
                row += part.rows();
                return slot -> encode(work, part, slot);
            }
        };
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
        slot.elements = elements;
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

    /** Filled part by part. */
    private static final class ErrorSum {
        private ErrorSums sums = ErrorSums.NONE;

        void add(ErrorSums more) {
            sums = sums.plus(more);
        }
    }

    @Override
    public void close() {
        parts.close();
    }
}
