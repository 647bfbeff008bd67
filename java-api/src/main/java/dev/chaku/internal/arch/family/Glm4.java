package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.ModuleNames.module;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;

/** GLM-4 0414: norms around both half blocks, gate and up in one tensor, adjacent pairs of a part of each head. */
final class Glm4 extends Family {
    Glm4() {
        super("glm4");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.ADJACENT)
                .norms(n -> n.around(REQUIRED, REQUIRED, REQUIRED))
                .attention(a -> a.biases(OPTIONAL, NONE).fused())
                .feedForward(f -> f.fused());
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llamaAttention()
                .and(
                        module("mlp.gate_up_proj", DecoderModule.FFN_GATE_UP),
                        module("mlp.down_proj", DecoderModule.FFN_DOWN));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Glm4ForCausalLM").tensors(tensors()));
    }

    private TensorRules tensors() {
        return rules().embedding()
                .attention()
                .norm("post_self_attn_layernorm", "post_attention_norm")
                .matrix(LAYER + "mlp.gate_up_proj", BLOCK + "ffn_up", Size.GATE_UP, Size.WIDTH)
                .matrix(LAYER + "mlp.down_proj", BLOCK + "ffn_down", Size.WIDTH, Size.FF)
                .norm("post_mlp_layernorm", "post_ffw_norm")
                .output();
    }
}
