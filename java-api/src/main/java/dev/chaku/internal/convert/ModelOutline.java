package dev.chaku.internal.convert;

import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.arch.ModelFacts;
import dev.chaku.internal.arch.TensorFormats;
import dev.chaku.internal.quantize.EncodedRows;
import dev.chaku.internal.quantize.RowSource;
import dev.chaku.internal.quantize.TensorEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * A GGUF file to be: key values, and tensors whose numbers are asked for when they are written.
 *
 * @param source what messages call the place that its numbers come from, such as a folder
 * @param metadata in the order of the file; architecture and tokenizer included
 * @param tensors in the order of the file
 */
public record ModelOutline(String source, Map<String, GgufValue> metadata, List<Tensor> tensors) {
    private static final int QUANTIZATION_VERSION = 2;
    private static final long BYTES_AT_ONCE = 1 << 20;

    /**
     * One tensor.
     *
     * @param dims elements per dimension, contiguous one first
     * @param source its rows, those of stacked matrices one after the other
     */
    public record Tensor(String name, long[] dims, RowSource source) {
        public long elements() {
            return Arrays.stream(dims).reduce(1, Math::multiplyExact);
        }
    }

    /** How a file is written. */
    public record Target(Path path, FormatMix mix, boolean overwrite, int threads) {}

    public long elements() {
        return tensors.stream().mapToLong(Tensor::elements).sum();
    }

    /**
     * Writes the file, whole or not at all, in bounded memory: matrices in the formats of the mix, vectors in F32; what
     * is stored in blocks of a GGUF format keeps them, bit for bit.
     *
     * @param begun told the name of each tensor before its first element
     * @param written told the number of elements after each part
     */
    public void write(Target target, Consumer<String> begun, LongConsumer written) {
        GgufWriter writer = GgufWriter.to(target.path()).overwrite(target.overwrite());
        metadata.forEach(writer::put);
        boolean keepsBlocks =
                !target.mix().base().isQuantized() && tensors.stream().anyMatch(t -> t.source() instanceof EncodedRows);
        FormatMix named = keepsBlocks ? FormatMix.MXFP4_MOE : target.mix();
        writer.put("general.file_type", named.fileType()).put("general.quantization_version", QUANTIZATION_VERSION);
        TensorFormats formats = new TensorFormats(
                target.mix(),
                ModelFacts.of(new GgufMetadata(target.path().toString(), metadata)),
                tensors.stream().map(Tensor::name).toList(),
                false);
        try (TensorEncoder encoder = new TensorEncoder(target.threads())) {
            for (Tensor tensor : tensors) {
                if (tensor.source() instanceof EncodedRows encoded) {
                    writer.tensor(tensor.name(), encoded.type(), tensor.dims(), out -> {
                        begun.accept(tensor.name());
                        copy(encoded, tensor.elements() / encoded.columns(), out, written);
                    });
                    continue;
                }
                long columns = tensor.dims()[0];
                GgmlType type = format(formats, tensor);
                TensorEncoder.Work work = new TensorEncoder.Work(
                        source + ": tensor " + tensor.name(),
                        tensor.source(),
                        columns,
                        tensor.elements() / columns,
                        type,
                        List.of(),
                        false);
                writer.tensor(tensor.name(), type, tensor.dims(), out -> {
                    begun.accept(tensor.name());
                    encoder.encode(work, out, written);
                });
            }
            writer.write();
        }
    }

    /** The same with the numbers of blocks in their place: they are encoded anew, as all others. */
    public ModelOutline decoded() {
        return new ModelOutline(
                source,
                metadata,
                tensors.stream()
                        .map(t ->
                                t.source() instanceof EncodedRows rows ? new Tensor(t.name(), t.dims(), rows::read) : t)
                        .toList());
    }

    private static void copy(EncodedRows source, long rows, WritableByteChannel out, LongConsumer written)
            throws IOException {
        long rowBytes = source.type().rowBytes(source.columns());
        long atOnce = Math.max(1, BYTES_AT_ONCE / rowBytes);
        ByteBuffer buffer = ByteBuffer.allocateDirect(Math.toIntExact(Math.min(rows, atOnce) * rowBytes));
        for (long row = 0; row < rows; row += atOnce) {
            long part = Math.min(atOnce, rows - row);
            buffer.clear().limit((int) (part * rowBytes));
            source.readBlocks(row, buffer);
            out.write(buffer.flip());
            written.accept(part * source.columns());
        }
    }

    private static GgmlType format(TensorFormats formats, Tensor tensor) {
        if (!TensorFormats.isConvertible(tensor.name(), tensor.dims().length)) {
            return GgmlType.F32;
        }
        long columns = tensor.dims()[0];
        return TensorFormats.fitting(formats.of(tensor.name(), columns, tensor.dims().length > 2), columns);
    }
}
