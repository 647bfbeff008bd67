package dev.chaku;

import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufValue;
import dev.chaku.gguf.GgufWriter;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.TensorSpec;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Writes models with random weights that take no time to make or run; the vocabulary is the 256 bytes. */
public final class TinyModel {
    /** Tokens before the bytes: unknown, begin and end of text. */
    public static final int FIRST_BYTE = 3;

    public static final int VOCAB = FIRST_BYTE + 256;
    public static final int CONTEXT = 512;

    private TinyModel() {}

    /** A llama of 2 layers and width 64. */
    public static DenseShape llama() {
        return new DenseShape(
                "llama", RopeSpec.Pairing.ADJACENT, 2, 64, 4, 2, 16, 96, VOCAB, CONTEXT, 1e4, true, false, false);
    }

    /** A qwen2 with biases and an output projection of its own. */
    public static DenseShape qwen2() {
        return new DenseShape(
                "qwen2", RopeSpec.Pairing.HALVES, 2, 64, 4, 2, 16, 96, VOCAB, CONTEXT, 1e6, false, true, false);
    }

    /** A qwen3 with normalised heads wider than D / H. */
    public static DenseShape qwen3() {
        return new DenseShape(
                "qwen3", RopeSpec.Pairing.HALVES, 2, 64, 4, 2, 32, 96, VOCAB, CONTEXT, 1e6, true, false, true);
    }

    /** Writes a complete model file. */
    public static Path write(Path path, DenseShape shape, FormatMix mix, long seed) {
        return write(GgufWriter.to(path), path, shape, mix, seed);
    }

    /** The same with keys that the writer has already. */
    static Path write(GgufWriter writer, Path path, DenseShape shape, FormatMix mix, long seed) {
        metadata(writer, shape);
        Random random = new Random(seed);
        for (TensorSpec tensor : shape.spec(mix).tensors()) {
            addRandom(writer, tensor, random);
        }
        writer.write();
        return path;
    }

    /** Key values of a model and its tokenizer. */
    public static void metadata(GgufWriter writer, DenseShape shape) {
        String a = shape.architecture() + ".";
        writer.put("general.architecture", shape.architecture())
                .put("general.name", "tiny")
                .put(a + "block_count", shape.layers())
                .put(a + "context_length", shape.contextLength())
                .put(a + "embedding_length", shape.width())
                .put(a + "feed_forward_length", shape.ffWidth())
                .put(a + "attention.head_count", shape.heads())
                .put(a + "attention.head_count_kv", shape.kvHeads())
                .put(a + "attention.key_length", shape.headDim())
                .put(a + "attention.value_length", shape.headDim())
                .put(a + "attention.layer_norm_rms_epsilon", 1e-5f)
                .put(a + "rope.freq_base", (float) shape.ropeBase());
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        IntStream.range(0, 256).forEach(b -> tokens.add(String.format("<0x%02X>", b)));
        int[] types = IntStream.range(0, VOCAB)
                .map(id -> id == 0 ? 2 : id < FIRST_BYTE ? 3 : 6)
                .toArray();
        writer.put("tokenizer.ggml.model", "llama")
                .put("tokenizer.ggml.tokens", GgufValue.of(tokens))
                .put("tokenizer.ggml.scores", GgufValue.of(new float[VOCAB]))
                .put("tokenizer.ggml.token_type", GgufValue.of(types))
                .put("tokenizer.ggml.bos_token_id", 1)
                .put("tokenizer.ggml.eos_token_id", 2)
                .put("tokenizer.ggml.add_space_prefix", false);
    }

    /**
     * Adds one tensor of random values: norms about 1, biases small, matrices that keep the size of what they multiply.
     */
    public static void addRandom(GgufWriter writer, TensorSpec tensor, Random random) {
        boolean vector = tensor.rows() == 1;
        float mean = vector && tensor.kind() == TensorSpec.Kind.WEIGHT ? 1 : 0;
        boolean embedding = tensor.place().module() == DecoderModule.TOKEN_EMBEDDING;
        double deviation = vector ? 0.1 : embedding ? 1 : 1 / Math.sqrt(tensor.columns());
        FloatBuffer values = DirectBuffers.floats(Math.toIntExact(tensor.elements()));
        for (int i = 0; i < values.capacity(); i++) {
            values.put(i, (float) (mean + deviation * random.nextGaussian()));
        }
        ByteBuffer bytes = DirectBuffers.bytes(Math.toIntExact(tensor.bytes()));
        if (tensor.type() == GgmlType.F32) {
            bytes.asFloatBuffer().put(values);
        } else {
            Engines.codec().quantize(tensor.type(), values, bytes);
        }
        long[] dims = vector ? new long[] {tensor.columns()} : new long[] {tensor.columns(), tensor.rows()};
        writer.tensor(tensor.name(), tensor.type(), dims, bytes);
    }
}
