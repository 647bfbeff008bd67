package dev.chaku.benchmarks.compare;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The sizes of a dense decoder that every program of a comparison runs.
 *
 * @param name as command lines write it
 * @param architecture {@code llama} or {@code qwen2}, which differ in the pairs that RoPE rotates
 * @param layers L
 * @param width D
 * @param heads H
 * @param kvHeads Hkv
 * @param ffWidth F
 * @param vocabSize V
 * @param ropeBase base of the rotation
 * @param qkvBias whether query, key and value have biases
 */
record PeerShape(
        String name,
        String architecture,
        int layers,
        int width,
        int heads,
        int kvHeads,
        int ffWidth,
        int vocabSize,
        float ropeBase,
        boolean qkvBias) {
    /** Smaller than every published model: for the checks that two programs compute the same. */
    static final PeerShape CHECK = new PeerShape("check", "qwen2", 3, 256, 8, 2, 512, 2048, 1e6f, true);

    private static final PeerShape[] KNOWN = {
        new PeerShape("smollm2-135m", "llama", 30, 576, 9, 3, 1536, 49152, 1e5f, false),
        new PeerShape("qwen2.5-0.5b", "qwen2", 24, 896, 14, 2, 4864, 151936, 1e6f, true),
        new PeerShape("llama-3.2-1b", "llama", 16, 2048, 32, 8, 8192, 128256, 5e5f, false),
        CHECK,
    };

    /** Throws IllegalArgumentException, which lists those that are known, if there is none of this name. */
    static PeerShape parse(String name) {
        return Arrays.stream(KNOWN)
                .filter(shape -> shape.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown shape " + name + "; known are "
                        + Arrays.stream(KNOWN).map(PeerShape::name).collect(Collectors.joining(", "))));
    }

    /** These sizes as the config.json of a model of Hugging Face. */
    String config(int context) {
        return """
                {
                  "architectures": ["%s"],
                  "model_type": "%s",
                  "num_hidden_layers": %d,
                  "hidden_size": %d,
                  "num_attention_heads": %d,
                  "num_key_value_heads": %d,
                  "intermediate_size": %d,
                  "vocab_size": %d,
                  "max_position_embeddings": %d,
                  "rms_norm_eps": 1e-5,
                  "rope_theta": %s,
                  "hidden_act": "silu",
                  "tie_word_embeddings": true
                }
                """.formatted(
                        architecture.equals("qwen2") ? "Qwen2ForCausalLM" : "LlamaForCausalLM",
                        architecture,
                        layers,
                        width,
                        heads,
                        kvHeads,
                        ffWidth,
                        vocabSize,
                        context,
                        Float.toString(ropeBase));
    }

    int headDim() {
        return width / heads;
    }
}
