package dev.chaku.benchmarks.compare;

import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Writes a GGUF file of a shape with random weights and a vocabulary of its size: what all programs of a comparison
 * open.
 */
final class ModelFile {
    private static final float NORM_EPSILON = 1e-5f;
    private static final float VECTOR_DEVIATION = 0.1f;
    private static final int CONTEXT = 4096;

    private final PeerShape shape;
    private final List<TensorSpec> specs;
    private final GgufWriter writer;
    private final Map<GgmlType, RandomBlocks> pools = new EnumMap<>(GgmlType.class);
    private long tensors;

    private ModelFile(PeerShape shape, List<TensorSpec> specs, Path file) {
        this.shape = shape;
        this.specs = specs;
        this.writer = GgufWriter.to(file).overwrite(true);
    }

    /**
     * The file of a shape and a format in a folder; written unless it is there with the formats that it would get.
     *
     * @param format for instance {@code q4_k_m}
     */
    static Path in(Path folder, PeerShape shape, String format) throws IOException {
        Path file = folder.resolve(shape.name() + "-" + format + ".gguf");
        List<TensorSpec> specs = shape.sizes(CONTEXT)
                .spec(FormatMix.valueOf(format.toUpperCase(Locale.ROOT)))
                .tensors();
        if (!Files.exists(file) || !holds(file, specs)) {
            Files.createDirectories(folder);
            new ModelFile(shape, specs, file).write();
        }
        return file;
    }

    private static boolean holds(Path file, List<TensorSpec> specs) {
        GgufFile found = GgufFile.read(file);
        return specs.stream().allMatch(spec -> found.findTensor(spec.name())
                .filter(tensor -> tensor.type() == spec.type())
                .isPresent());
    }

    private void write() {
        String prefix = shape.architecture() + ".";
        writer.put("general.architecture", shape.architecture())
                .put("general.name", "random " + shape.name())
                .put(prefix + "context_length", CONTEXT)
                .put(prefix + "embedding_length", shape.width())
                .put(prefix + "block_count", shape.layers())
                .put(prefix + "feed_forward_length", shape.ffWidth())
                .put(prefix + "attention.head_count", shape.heads())
                .put(prefix + "attention.head_count_kv", shape.kvHeads())
                .put(prefix + "attention.layer_norm_rms_epsilon", NORM_EPSILON)
                .put(prefix + "rope.dimension_count", shape.headDim())
                .put(prefix + "rope.freq_base", shape.ropeBase());
        PlainVocabulary.put(writer, shape.vocabSize());
        specs.forEach(this::tensor);
        writer.write();
    }

    /** Matrices keep the size of what they multiply: their values are normal with a deviation of 1 / sqrt(K). */
    private void tensor(TensorSpec tensor) {
        long seed = ++tensors;
        int columns = Math.toIntExact(tensor.columns());
        if (tensor.rows() == 1) {
            float mean = tensor.kind() == TensorSpec.Kind.BIAS ? 0 : 1;
            writer.tensor(
                    tensor.name(),
                    tensor.type(),
                    new long[] {columns},
                    out -> out.write(RandomBlocks.floats(columns, mean, VECTOR_DEVIATION, seed)));
        } else {
            RandomBlocks pool = pools.computeIfAbsent(tensor.type(), RandomBlocks::new);
            writer.tensor(
                    tensor.name(),
                    tensor.type(),
                    new long[] {columns, tensor.rows()},
                    out -> pool.write(out, tensor.rows() * columns, (float) (1 / Math.sqrt(columns)), seed));
        }
    }
}
