package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.ModuleNames.module;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRules;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/** StarCoder2: LayerNorm and biases everywhere, a feed-forward without a gate. */
final class StarCoder2 extends Family {
    StarCoder2() {
        super("starcoder2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.layerNorm(REQUIRED))
                .attention(a -> a.biases(OPTIONAL, OPTIONAL))
                .feedForward(f -> f.biases(OPTIONAL).ungated(LayerOptions.GELU_TANH));
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llamaAttention()
                .and(module("mlp.c_fc", DecoderModule.FFN_UP), module("mlp.c_proj", DecoderModule.FFN_DOWN));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(LayerNorms.kind(of("Starcoder2ForCausalLM"))
                .epsilon("norm_epsilon")
                .tensors(tensors())
                .keys(StarCoder2::keys));
    }

    private TensorRules tensors() {
        return rules().embedding()
                .layerNorm(LAYER + "input_layernorm", BLOCK + "attn_norm")
                .products()
                .layerNorm(LAYER + "post_attention_layernorm", BLOCK + "ffn_norm")
                .biased(LAYER + "mlp.c_fc", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Layout.PLAIN)
                .biased(LAYER + "mlp.c_proj", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Layout.PLAIN)
                .layerNorm("model.norm", "output_norm")
                .head();
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("use_bias", true);
        WindowKeys.add(config, keys);
    }
}
