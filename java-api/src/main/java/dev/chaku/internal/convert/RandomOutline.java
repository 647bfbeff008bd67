package dev.chaku.internal.convert;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Models of random weights, with a tokenizer from elsewhere: its size decides the number of tokens. */
public final class RandomOutline {
    private static final int FIRST_BYTE = 3;
    private static final float EPSILON = 1e-5f;

    private RandomOutline() {}

    /** A model of a known shape. */
    public static ModelOutline of(DenseShape shape, Map<String, GgufValue> tokenizer, long seed) {
        DenseShape sized = shape.withVocab(tokens(tokenizer));
        String a = sized.architecture() + ".";
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", GgufValue.of(sized.architecture()));
        metadata.put("general.type", GgufValue.of("model"));
        metadata.put("general.name", GgufValue.of("random " + sized.architecture()));
        metadata.put(a + "block_count", GgufValue.ofUint32(sized.layers()));
        metadata.put(a + "context_length", GgufValue.ofUint32(sized.contextLength()));
        metadata.put(a + "embedding_length", GgufValue.ofUint32(sized.width()));
        metadata.put(a + "feed_forward_length", GgufValue.ofUint32(sized.ffWidth()));
        metadata.put(a + "attention.head_count", GgufValue.ofUint32(sized.heads()));
        metadata.put(a + "attention.head_count_kv", GgufValue.ofUint32(sized.kvHeads()));
        metadata.put(a + "attention.key_length", GgufValue.ofUint32(sized.headDim()));
        metadata.put(a + "attention.value_length", GgufValue.ofUint32(sized.headDim()));
        metadata.put(a + "attention.layer_norm_rms_epsilon", GgufValue.of(EPSILON));
        metadata.put(a + "rope.freq_base", GgufValue.of((float) sized.ropeBase()));
        metadata.put(a + "rope.dimension_count", GgufValue.ofUint32(sized.headDim()));
        metadata.put(a + "vocab_size", GgufValue.ofUint32(sized.vocabSize()));
        metadata.putAll(tokenizer);
        List<ModelOutline.Tensor> tensors = new ArrayList<>();
        for (TensorSpec tensor : sized.spec(FormatMix.F32).tensors()) {
            long[] dims =
                    tensor.rows() == 1 ? new long[] {tensor.columns()} : new long[] {tensor.columns(), tensor.rows()};
            tensors.add(new ModelOutline.Tensor(tensor.name(), dims, RandomRows.of(seed, tensor.name(), dims)));
        }
        return new ModelOutline("random weights", metadata, tensors);
    }

    /** A model of the sizes in a config.json of Hugging Face. */
    public static ModelOutline of(Path configFile, Map<String, GgufValue> tokenizer, long seed) {
        ModelOutline plain = HuggingFaceModel.outline(
                configFile, tokens(tokenizer), (name, dims) -> RandomRows.of(seed, name, dims));
        plain.metadata().putAll(tokenizer);
        return plain;
    }

    /** The key values of another model's tokenizer. */
    public static Map<String, GgufValue> tokenizerOf(GgufMetadata metadata) {
        metadata.requireStrings("tokenizer.ggml.tokens");
        Map<String, GgufValue> tokenizer = new LinkedHashMap<>();
        metadata.asMap().forEach((key, value) -> {
            if (key.startsWith("tokenizer.")) {
                tokenizer.put(key, value);
            }
        });
        return tokenizer;
    }

    /** A tokenizer of 3 special tokens and the 256 bytes. */
    public static Map<String, GgufValue> byteTokenizer() {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        IntStream.range(0, 256).forEach(b -> tokens.add(String.format("<0x%02X>", b)));
        int[] kinds = IntStream.range(0, tokens.size())
                .map(id -> id == 0
                        ? VocabularyTable.UNKNOWN
                        : id < FIRST_BYTE ? VocabularyTable.CONTROL : VocabularyTable.BYTE)
                .toArray();
        Map<String, GgufValue> tokenizer = new LinkedHashMap<>();
        tokenizer.put("tokenizer.ggml.model", GgufValue.of("llama"));
        tokenizer.put("tokenizer.ggml.tokens", GgufValue.of(tokens));
        tokenizer.put("tokenizer.ggml.scores", GgufValue.of(new float[tokens.size()]));
        tokenizer.put("tokenizer.ggml.token_type", GgufValue.of(kinds));
        tokenizer.put("tokenizer.ggml.bos_token_id", GgufValue.ofUint32(1));
        tokenizer.put("tokenizer.ggml.eos_token_id", GgufValue.ofUint32(2));
        tokenizer.put("tokenizer.ggml.add_space_prefix", GgufValue.of(false));
        return tokenizer;
    }

    private static int tokens(Map<String, GgufValue> tokenizer) {
        if (tokenizer.get("tokenizer.ggml.tokens") instanceof GgufArray tokens && tokens.size() > 0) {
            return tokens.size();
        }
        throw new BadInputException("expected a tokenizer with tokens, found none");
    }
}
