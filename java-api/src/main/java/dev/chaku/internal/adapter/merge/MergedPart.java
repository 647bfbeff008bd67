package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.ChangeRows;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.quantize.OrderedParts;
import dev.chaku.internal.quantize.ValueRange;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Some rows of a merged tensor: read, changed, encoded and compared. Rows that nothing is added to keep their bytes,
 * unless the tensor changes its format.
 *
 * @param name of the tensor and its file, for messages
 * @param tensor what it is a part of
 * @param type that it gets
 * @param first row
 * @param count of rows
 * @param importance of its columns, a direct buffer; null where all weigh alike
 * @param rounding how values become blocks
 */
record MergedPart(
        String name,
        MergedTensor tensor,
        GgmlType type,
        long first,
        int count,
        @Nullable FloatBuffer importance,
        BlockRounding rounding)
        implements OrderedParts.Task<MergedPartSlot> {

    @Override
    public void run(MergedPartSlot slot) {
        int columns = tensor.columns();
        slot.elements = (long) count * columns;
        ByteBuffer blocks = tensor.readBlocks(first, count, slot.blocks);
        FloatBuffer base = slot.base.floats(count * columns);
        Engines.codec().dequantize(tensor.type(), blocks, base);
        FloatBuffer merged = slot.merged.floats(count * columns);
        tensor.merge(first, base, merged, slot.terms);
        ValueRange.require(name, type, merged, first * columns, columns);
        int rowBytes = Math.toIntExact(type.rowBytes(columns));
        slot.encoded = slot.output.bytes(count * rowBytes);
        for (int row = 0; row < count; ) {
            int end = row + 1;
            boolean changes = changes(row);
            while (end < count && changes(end) == changes) {
                end++;
            }
            ByteBuffer target = slot.encoded.slice(row * rowBytes, (end - row) * rowBytes);
            if (changes) {
                rounding.round(new BlockRounding.Rows(
                        type,
                        first + row,
                        columns,
                        tensor.type() == type ? blocks.slice(row * rowBytes, (end - row) * rowBytes) : null,
                        merged.slice(row * columns, (end - row) * columns),
                        importance,
                        target,
                        slot.terms));
            } else {
                target.put(blocks.slice(row * rowBytes, (end - row) * rowBytes));
            }
            row = end;
        }
        compare(slot, base, merged);
    }

    private boolean changes(int row) {
        return tensor.type() != type || tensor.touches(first + row);
    }

    private void compare(MergedPartSlot slot, FloatBuffer base, FloatBuffer merged) {
        ChangeRows.Compared compared = Engines.changeRows()
                .compare(new ChangeRows.Change(type, tensor.columns(), base, merged, slot.encoded, importance));
        slot.sums = MergeSums.of(compared.plain());
        slot.weighted = MergeSums.of(compared.weighted());
    }
}
