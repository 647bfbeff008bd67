package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.ChangeRows;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.quantize.Scratch;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * Finds the smallest format that keeps a change: some rows of each tensor, evenly spread, are rounded in the formats of
 * each mix by the quantizer's own search, and what is kept of their change in its own direction is compared.
 */
public final class FormatAdvice {
    /** From small to large; the last keeps everything. */
    private static final List<FormatMix> MIXES = List.of(
            FormatMix.Q4_K_S,
            FormatMix.Q4_K_M,
            FormatMix.Q5_K_S,
            FormatMix.Q5_K_M,
            FormatMix.Q6_K,
            FormatMix.Q8_0,
            FormatMix.F16,
            FormatMix.F32);

    private static final int SAMPLED_ROWS = 24;

    private FormatAdvice() {}

    /**
     * A mix and what is kept with it.
     *
     * @param kept the share of the change
     */
    public record Kept(FormatMix mix, double kept) {}

    /**
     * The smallest mix of more bytes than are taken now.
     *
     * @param tensors that change
     * @param bytes that they take now
     * @param share of the change that is to be kept, and no more than as much above it
     * @param type of a tensor in a mix
     */
    static Optional<Kept> smallest(
            List<MergedTensor> tensors, long bytes, double share, BiFunction<FormatMix, MergedTensor, GgmlType> type) {
        for (FormatMix mix : MIXES) {
            long would = tensors.stream()
                    .mapToLong(tensor ->
                            type.apply(mix, tensor).tensorBytes(tensor.tensor().dims()))
                    .sum();
            if (would > bytes) {
                MergeSums sums = MergeSums.NONE;
                for (MergedTensor tensor : tensors) {
                    sums = sums.plus(sample(tensor, type.apply(mix, tensor)));
                }
                if (Math.abs(1 - sums.kept()) <= 1 - share) {
                    return Optional.of(new Kept(mix, sums.kept()));
                }
            }
        }
        return Optional.empty();
    }

    /** The sums of some rows, as if they were all. */
    private static MergeSums sample(MergedTensor tensor, GgmlType type) {
        int columns = tensor.columns();
        long step = Math.max(1, tensor.rows() / SAMPLED_ROWS);
        MergeSums sums = MergeSums.NONE;
        TermBuffers terms = new TermBuffers();
        FloatBuffer base = DirectBuffers.floats(columns);
        FloatBuffer merged = DirectBuffers.floats(columns);
        ByteBuffer blocks = DirectBuffers.bytes(Math.toIntExact(type.rowBytes(columns)));
        Scratch scratch = new Scratch();
        long rows = 0;
        for (long row = 0; row < tensor.rows(); row += step) {
            Engines.codec().dequantize(tensor.type(), tensor.readBlocks(row, 1, scratch), base);
            tensor.merge(row, base, merged, terms);
            Engines.codec().quantize(type, merged, blocks);
            sums = sums.plus(MergeSums.of(Engines.changeRows()
                    .compare(new ChangeRows.Change(type, columns, base, merged, blocks, null))
                    .plain()));
            rows++;
        }
        return sums.times((double) tensor.rows() / rows);
    }
}
