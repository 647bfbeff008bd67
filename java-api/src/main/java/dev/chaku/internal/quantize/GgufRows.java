package dev.chaku.internal.quantize;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.engine.lookup.Engines;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** The rows of a tensor of a file, decoded. Thread-safe. */
public final class GgufRows implements RowSource {
    private static final long VALUES_AT_ONCE = 1 << 18;

    private final GgufFile file;
    private final GgufTensor tensor;

    /** @throws BadInputException if the core cannot decode the tensor's format */
    public GgufRows(GgufFile file, GgufTensor tensor) {
        this.file = file;
        this.tensor = tensor;
        if (Engines.codec().describe(tensor.type()).isEmpty()) {
            throw new BadInputException(file.path() + ": tensor " + tensor.name() + " has the format " + tensor.type()
                    + ", which this build cannot decode");
        }
    }

    /**
     * Checks that all values of the tensor are finite.
     *
     * @throws BadInputException if one is not: the message names it
     */
    public void requireFinite() {
        long columns = tensor.dim(0);
        long rows = tensor.elements() / columns;
        long atOnce = Math.max(1, VALUES_AT_ONCE / columns);
        Scratch values = new Scratch();
        Scratch bytes = new Scratch();
        for (long row = 0; row < rows; row += atOnce) {
            FloatBuffer part = values.floats(Math.toIntExact(Math.min(atOnce, rows - row) * columns));
            read(row, part, bytes);
            part.rewind();
            ValueRange.require(file.path() + ": tensor " + tensor.name(), GgmlType.F32, part, row * columns, columns);
        }
    }

    @Override
    public void read(long row, FloatBuffer target, Scratch scratch) {
        long columns = tensor.dim(0);
        long rowBytes = tensor.type().rowBytes(columns);
        int bytes = Math.toIntExact(target.remaining() / columns * rowBytes);
        ByteBuffer buffer = scratch.bytes(bytes);
        file.readTensor(tensor, row * rowBytes, buffer);
        Engines.codec().dequantize(tensor.type(), buffer.flip(), target);
    }
}
