package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.lookup.Engines;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** A way to turn merged values into blocks. Thread-safe. */
interface BlockRounding {
    /** The quantizer's own search for the blocks nearest to the values. */
    BlockRounding PLAIN =
            rows -> Engines.codec().quantize(rows.type(), rows.merged(), rows.importance(), rows.target());

    /**
     * Rows to be encoded; all buffers are direct and used from 0 to their limits.
     *
     * @param type the format
     * @param first row of the tensor
     * @param columns length of a row
     * @param blocks what the base's values are decoded from; null where the format changes
     * @param merged values as they are to be
     * @param importance of the columns; null where all weigh alike
     * @param target gets the blocks
     * @param buffers where terms are put
     */
    record Rows(
            GgmlType type,
            long first,
            int columns,
            @Nullable ByteBuffer blocks,
            FloatBuffer merged,
            @Nullable FloatBuffer importance,
            ByteBuffer target,
            TermBuffers buffers) {}

    /** Fills the target. */
    void round(Rows rows);
}
