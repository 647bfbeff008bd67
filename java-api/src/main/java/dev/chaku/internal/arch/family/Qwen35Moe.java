package dev.chaku.internal.arch.family;

import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.ExpertTraits;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.huggingface.ExpertKeys;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/** Qwen3.5 with experts: as the dense one, with experts and one that is shared in each layer. */
final class Qwen35Moe extends Family {
    Qwen35Moe() {
        super("qwen35moe");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return Qwen35.kind()
                .experts(ExpertTraits.of(Gating.SOFTMAX).normalized().sharedByRouter());
    }

    /** One parameter holds gate and up of all experts, another down. */
    @Override
    ModuleNames modules() {
        return Qwen35.mixers(ModuleNames.llamaAttention().andSharedExpert()).withExperts(null);
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Qwen3_5MoeForConditionalGeneration", "Qwen3_5MoeForCausalLM")
                .tensors(tensors())
                .keys(Qwen35Moe::keys));
    }

    private TensorRules tensors() {
        return Qwen35.mixers(rules())
                .matrix(LAYER + "mlp.gate", BLOCK + "ffn_gate_inp", Size.EXPERTS, Size.WIDTH)
                .packedExperts("mlp.experts.gate_up_proj", "mlp.experts.down_proj")
                .sharedExpert();
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        Qwen35.keys(config, keys);
        ExpertKeys.add(config, keys);
    }
}
