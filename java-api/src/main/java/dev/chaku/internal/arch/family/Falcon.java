package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.TensorRule.matrix;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Parallel;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.RowOrder;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/**
 * Falcon: parallel half blocks, LayerNorm, few key heads, no biases but the norms'. The larger models have a norm of
 * their own for the attention, called {@code attn_norm_2}; what others call {@code attn_norm} is then the
 * feed-forward's.
 */
final class Falcon extends Family {
    Falcon() {
        super("falcon");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        DecoderTraits traits = DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.layerNorm(REQUIRED))
                .attention(a -> a.fused())
                .parallel(Parallel.ALWAYS)
                .feedForward(f -> f.ungated(LayerOptions.GELU_TANH));
        if (file.findTensor("blk.0.attn_norm_2.weight").isEmpty()) {
            return traits.norms(n -> n.around(REQUIRED, NONE, NONE));
        }
        return traits.rename(DecoderModule.ATTN_NORM, "attn_norm_2").rename(DecoderModule.FFN_NORM, "attn_norm");
    }

    @Override
    ModuleNames modules() {
        return LayerNorms.queryKeyValue("transformer.h.", "self_attention.")
                .withEmbedding("transformer.word_embeddings");
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(LayerNorms.kind(of("FalconForCausalLM"))
                .tied()
                .tensors(this::tensors)
                .keys(Falcon::keys));
    }

    /** The larger models have several key heads, and two norms or one before their parallel halves. */
    private static boolean isLarger(ModelConfig config) {
        return config.json().bool("new_decoder_architecture", false);
    }

    private TensorRules tensors(ModelConfig config) {
        String layer = "transformer.h.{l}.";
        TensorRules rules = rules().embedding("transformer.word_embeddings");
        if (isLarger(config) && config.json().findInt("num_ln_in_parallel_attn").orElse(2) == 2) {
            rules.layerNorm(layer + "ln_attn", BLOCK + "attn_norm_2");
            rules.layerNorm(layer + "ln_mlp", BLOCK + "attn_norm");
        } else {
            rules.layerNorm(layer + "input_layernorm", BLOCK + "attn_norm");
        }
        return rules.add(matrix(
                                layer + "self_attention.query_key_value.weight",
                                BLOCK + "attn_qkv.weight",
                                Size.QUERIES_KEYS_VALUES,
                                Size.WIDTH)
                        .ordered(RowOrder.GROUPS))
                .matrix(layer + "self_attention.dense", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES)
                .matrix(layer + "mlp.dense_h_to_4h", BLOCK + "ffn_up", Size.FF, Size.WIDTH)
                .matrix(layer + "mlp.dense_4h_to_h", BLOCK + "ffn_down", Size.WIDTH, Size.FF)
                .layerNorm("transformer.ln_f", "output_norm")
                .head();
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("alibi", false);
        config.requireOneOf("bias", false);
        config.requireOneOf("parallel_attn", true);
        config.requireOneOf("num_ln_in_parallel_attn", 1L, 2L);
        if (!isLarger(config)) {
            config.requireOneOf("multi_query", true);
        }
    }
}
