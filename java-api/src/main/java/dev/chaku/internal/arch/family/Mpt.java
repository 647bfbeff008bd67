package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.huggingface.ModuleNames.module;
import static dev.chaku.internal.huggingface.TensorRule.vector;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/** MPT: scores that fall with distance in place of positions, LayerNorm, a feed-forward without a gate. */
final class Mpt extends Family {
    Mpt() {
        super("mpt");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.withoutRotation()
                .norms(n -> n.layerNorm(OPTIONAL))
                .attention(a -> a.biases(OPTIONAL, OPTIONAL).fused())
                .feedForward(f -> f.biases(OPTIONAL).ungated(LayerOptions.GELU_TANH))
                .positions(p -> p.alibi(8));
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.of(
                        "transformer.blocks.",
                        module("attn.Wqkv", DecoderModule.ATTN_QKV),
                        module("attn.out_proj", DecoderModule.ATTN_OUTPUT),
                        module("ffn.up_proj", DecoderModule.FFN_UP),
                        module("ffn.down_proj", DecoderModule.FFN_DOWN))
                .withEmbedding("transformer.wte");
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(LayerNorms.kind(of("MPTForCausalLM", "MptForCausalLM"))
                .withoutRotation()
                .tied()
                .defaults(Map.of("expansion_ratio", 4L, "layer_norm_epsilon", 1e-5))
                .tensors(tensors())
                .keys(Mpt::keys));
    }

    private TensorRules tensors() {
        String layer = "transformer.blocks.{l}.";
        return rules().embedding("transformer.wte")
                .add(vector(layer + "norm_1.weight", BLOCK + "attn_norm.weight", Size.WIDTH))
                .matrix(layer + "attn.Wqkv", BLOCK + "attn_qkv", Size.QUERIES_KEYS_VALUES, Size.WIDTH)
                .matrix(layer + "attn.out_proj", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES)
                .add(vector(layer + "norm_2.weight", BLOCK + "ffn_norm.weight", Size.WIDTH))
                .matrix(layer + "ffn.up_proj", BLOCK + "ffn_up", Size.FF, Size.WIDTH)
                .matrix(layer + "ffn.down_proj", BLOCK + "ffn_down", Size.WIDTH, Size.FF)
                .add(vector("transformer.norm_f.weight", "output_norm.weight", Size.WIDTH))
                .head();
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("no_bias", true);
        config.requireOneOf("logit_scale");
        config.requireOneOf("embedding_fraction", 1L, 1.0);
        JsonFile attention = config.json()
                .findObject("attn_config")
                .orElseThrow(() -> config.error("attn_config", "an object with alibi", null));
        if (!attention.bool("alibi", false)) {
            throw attention.error(
                    "alibi", "true (learned positions are not supported for " + config.architecture() + ")", false);
        }
        requireUsual(config, attention);
        keys.put("attention.max_alibi_bias", GgufValue.of((float)
                attention.findDouble("alibi_bias_max").orElse(8)));
    }

    private static void requireUsual(ModelConfig config, JsonFile attention) {
        String otherwise = " (others are not supported for " + config.architecture() + ")";
        Map<String, Object> usual = Map.of(
                "attn_type",
                "multihead_attention",
                "qk_ln",
                false,
                "qk_gn",
                false,
                "prefix_lm",
                false,
                "sliding_window_size",
                -1L);
        usual.forEach((key, value) -> {
            if (attention.has(key) && !value.equals(attention.fields().get(key))) {
                throw attention.error(key, value + otherwise, attention.fields().get(key));
            }
        });
        for (String key : List.of("clip_qkv", "softmax_scale")) {
            if (attention.has(key)) {
                throw attention.error(
                        key, "nothing" + otherwise, attention.fields().get(key));
            }
        }
    }
}
