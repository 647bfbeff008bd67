package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.ExpertTraits;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.ExpertKeys;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/** Qwen3-MoE: query and key heads are normalised before the rotation; no shared expert. */
final class Qwen3Moe extends Family {
    Qwen3Moe() {
        super("qwen3moe");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.heads(REQUIRED, HeadNorm.HEAD))
                .experts(ExpertTraits.of(Gating.SOFTMAX).normalized());
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Qwen3MoeForCausalLM")
                .tensors(rules().embedding()
                        .attention()
                        .experts("mlp.gate")
                        .output()
                        .headNorms())
                .keys(Qwen3Moe::keys));
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        WindowKeys.requireNone(config);
        ExpertKeys.addOfQwen(config, keys, true);
    }
}
