package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.ExpertTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.ExpertOptions.Gating;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.ExpertKeys;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/** Qwen1.5-MoE and Qwen2-MoE: biases of query, key and value, and a shared expert with a gate of its own. */
final class Qwen2Moe extends Family {
    Qwen2Moe() {
        super("qwen2moe");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .attention(a -> a.biases(REQUIRED, OPTIONAL))
                .experts(ExpertTraits.of(Gating.SOFTMAX).sharedByRouter());
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Qwen2MoeForCausalLM")
                .tensors(rules().biased(DecoderModule.ATTN_Q, DecoderModule.ATTN_K, DecoderModule.ATTN_V)
                        .embedding()
                        .attention()
                        .experts("mlp.gate")
                        .sharedExpert()
                        .output())
                .keys(Qwen2Moe::keys));
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        WindowKeys.requireNone(config);
        ExpertKeys.addOfQwen(config, keys, false);
    }
}
