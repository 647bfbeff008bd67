package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.ModuleNames.module;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/**
 * GPT-2: learned positions, LayerNorm and biases everywhere, a feed-forward without a gate, products that Hugging Face
 * stores inputs by outputs.
 */
final class Gpt2 extends Family {
    Gpt2() {
        super("gpt2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.withoutRotation()
                .norms(n -> n.layerNorm(REQUIRED))
                .attention(a -> a.biases(REQUIRED, REQUIRED).fused())
                .feedForward(f -> f.biases(REQUIRED).ungated(LayerOptions.GELU_TANH))
                .positions(p -> p.embedded());
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.of(
                        "transformer.h.",
                        module("attn.c_attn", DecoderModule.ATTN_QKV),
                        module("attn.c_proj", DecoderModule.ATTN_OUTPUT),
                        module("mlp.c_fc", DecoderModule.FFN_UP),
                        module("mlp.c_proj", DecoderModule.FFN_DOWN))
                .withEmbedding("transformer.wte")
                .storedInputsFirst();
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(LayerNorms.kind(of("GPT2LMHeadModel"))
                .withoutRotation()
                .tied()
                .tensors(tensors())
                .keys(Gpt2::keys));
    }

    private TensorRules tensors() {
        String layer = "transformer.h.{l}.";
        return rules().embedding("transformer.wte")
                .matrix("transformer.wpe", "position_embd", Size.CONTEXT, Size.WIDTH)
                .layerNorm(layer + "ln_1", BLOCK + "attn_norm")
                .biased(layer + "attn.c_attn", BLOCK + "attn_qkv", Size.QUERIES_KEYS_VALUES, Size.WIDTH, Layout.TURNED)
                .biased(layer + "attn.c_proj", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES, Layout.TURNED)
                .layerNorm(layer + "ln_2", BLOCK + "ffn_norm")
                .biased(layer + "mlp.c_fc", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Layout.TURNED)
                .biased(layer + "mlp.c_proj", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Layout.TURNED)
                .layerNorm("transformer.ln_f", "output_norm")
                .head();
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("scale_attn_weights", true);
        config.requireOneOf("scale_attn_by_inverse_layer_idx", false);
        config.requireOneOf("add_cross_attention", false);
    }
}
