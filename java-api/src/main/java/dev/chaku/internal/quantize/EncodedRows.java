package dev.chaku.internal.quantize;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.lookup.Engines;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Rows that are stored in blocks of a GGUF format, which may be kept bit for bit. */
public interface EncodedRows extends RowSource {
    /** The format of the blocks. */
    GgmlType type();

    /**
     * Fills what remains of a direct buffer, a whole number of rows, with blocks from a row on.
     *
     * @throws dev.chaku.errors.BadInputException if a block says no numbers
     */
    void readBlocks(long row, ByteBuffer target);

    /** Length of a row in numbers. */
    long columns();

    @Override
    default void read(long row, FloatBuffer target, Scratch scratch) {
        long rows = target.remaining() / columns();
        ByteBuffer blocks = scratch.bytes(Math.toIntExact(rows * type().rowBytes(columns())));
        readBlocks(row, blocks);
        Engines.codec().dequantize(type(), blocks.rewind(), target);
    }
}
