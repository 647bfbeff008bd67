package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.ModuleNames.module;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Parallel;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule.Layout;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;

/** Phi-1.5 and Phi-2: parallel half blocks that share a LayerNorm, biases everywhere, a part of each head rotated. */
final class Phi2 extends Family {
    Phi2() {
        super("phi2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.layerNorm(REQUIRED).around(REQUIRED, NONE, NONE))
                .attention(a -> a.biases(REQUIRED, REQUIRED).fused())
                .feedForward(f -> f.biases(REQUIRED).ungated(LayerOptions.GELU_TANH))
                .headBias(REQUIRED)
                .parallel(Parallel.ALWAYS);
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llamaAttention()
                .renamed(DecoderModule.ATTN_OUTPUT, "self_attn.dense")
                .and(module("mlp.fc1", DecoderModule.FFN_UP), module("mlp.fc2", DecoderModule.FFN_DOWN));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(LayerNorms.kind(of("PhiForCausalLM"))
                .epsilon("layer_norm_eps")
                .tensors(tensors())
                .keys((config, keys) -> config.requireOneOf("qk_layernorm", false)));
    }

    private TensorRules tensors() {
        String attention = LAYER + "self_attn.";
        return rules().embedding()
                .layerNorm(LAYER + "input_layernorm", BLOCK + "attn_norm")
                .biased(attention + "q_proj", BLOCK + "attn_q", Size.QUERIES, Size.WIDTH, Layout.PLAIN)
                .biased(attention + "k_proj", BLOCK + "attn_k", Size.KEYS, Size.WIDTH, Layout.PLAIN)
                .biased(attention + "v_proj", BLOCK + "attn_v", Size.KEYS, Size.WIDTH, Layout.PLAIN)
                .biased(attention + "dense", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES, Layout.PLAIN)
                .biased(LAYER + "mlp.fc1", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Layout.PLAIN)
                .biased(LAYER + "mlp.fc2", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Layout.PLAIN)
                .layerNorm("model.final_layernorm", "output_norm")
                .biased("lm_head", "output", Size.VOCAB, Size.WIDTH, Layout.PLAIN);
    }
}
