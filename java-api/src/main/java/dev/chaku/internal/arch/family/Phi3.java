package dev.chaku.internal.arch.family;

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
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;

/** Phi-3, Phi-3.5 and Phi-4: query, key and value in one tensor, gate and up in another; long contexts by longrope. */
final class Phi3 extends Family {
    Phi3() {
        super("phi3");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .attention(a -> a.fused())
                .feedForward(f -> f.fused())
                .positions(p -> p.windows(layer -> true));
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.of(
                "model.layers.",
                module("self_attn.qkv_proj", DecoderModule.ATTN_QKV),
                module("self_attn.o_proj", DecoderModule.ATTN_OUTPUT),
                module("mlp.gate_up_proj", DecoderModule.FFN_GATE_UP),
                module("mlp.down_proj", DecoderModule.FFN_DOWN));
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Phi3ForCausalLM").tensors(tensors()).keys(WindowKeys::add));
    }

    private TensorRules tensors() {
        return rules().embedding()
                .norm("input_layernorm", "attn_norm")
                .matrix(LAYER + "self_attn.qkv_proj", BLOCK + "attn_qkv", Size.QUERIES_KEYS_VALUES, Size.WIDTH)
                .matrix(LAYER + "self_attn.o_proj", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES)
                .norm("post_attention_layernorm", "ffn_norm")
                .matrix(LAYER + "mlp.gate_up_proj", BLOCK + "ffn_up", Size.GATE_UP, Size.WIDTH)
                .matrix(LAYER + "mlp.down_proj", BLOCK + "ffn_down", Size.WIDTH, Size.FF)
                .output();
    }
}
