package dev.chaku.internal.huggingface;

import dev.chaku.gguf.GgufValue;
import java.util.List;
import java.util.Map;

/** What config.json says of experts. */
public final class ExpertKeys {
    private ExpertKeys() {}

    /** Adds how many there are, and how many of them each token passes through. */
    public static void addCounts(ModelConfig config, Map<String, GgufValue> keys) {
        keys.put("expert_count", GgufValue.ofUint32(config.of(Size.EXPERTS)));
        keys.put("expert_used_count", GgufValue.ofUint32(config.count("num_experts_per_tok", "experts_per_token")));
    }

    /** Adds these and the width of each, and of the shared one where there is one. */
    public static void add(ModelConfig config, Map<String, GgufValue> keys) {
        addCounts(config, keys);
        keys.put("expert_feed_forward_length", GgufValue.ofUint32(config.of(Size.EXPERT_FF)));
        addShared(config, keys);
    }

    /** Adds the width of the expert that every token passes through, where there is one. */
    public static void addShared(ModelConfig config, Map<String, GgufValue> keys) {
        if (config.json().has("shared_expert_intermediate_size")
                || config.json().has("shared_intermediate_size")) {
            keys.put("expert_shared_feed_forward_length", GgufValue.ofUint32(config.of(Size.SHARED_FF)));
        }
    }

    /** The same for the qwen kind, whose layers all have experts. */
    public static void addOfQwen(ModelConfig config, Map<String, GgufValue> keys, boolean normalized) {
        config.requireOneOf("decoder_sparse_step", 1L);
        config.requireOneOf("mlp_only_layers", List.of());
        requireNormalized(config, normalized);
        add(config, keys);
    }

    /** No key of GGUF says it: each family takes one of the two for granted. */
    public static void requireNormalized(ModelConfig config, boolean normalized) {
        if (config.json().bool("norm_topk_prob", false) != normalized) {
            throw config.error(
                    "norm_topk_prob",
                    normalized + " (the other is not supported for " + config.architecture() + ")",
                    !normalized);
        }
    }
}
