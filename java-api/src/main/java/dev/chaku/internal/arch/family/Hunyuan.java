package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Hunyuan, dense: query and key heads are normalised after the rotation. */
final class Hunyuan extends Family {
    Hunyuan() {
        super("hunyuan-dense");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.heads(REQUIRED, HeadNorm.HEAD).afterRope());
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("HunYuanDenseV1ForCausalLM")
                .tensors(rules().llama().headNorms("query_layernorm", "key_layernorm"))
                .keys(Hunyuan::keys)
                .readsOfRope("alpha"));
    }

    /** What is called a dynamic stretching with an alpha is another base of the rotation, whatever the context. */
    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("use_qk_norm", true);
        config.requireOneOf("use_cla", false);
        config.requireOneOf("attention_bias", false);
        config.requireOneOf("mlp_bias", false);
        double alpha = config.json()
                .findObject("rope_scaling")
                .or(config::ropeParameters)
                .flatMap(own -> own.has("alpha") ? Optional.of(own.requireDouble("alpha")) : Optional.empty())
                .orElse(0.0);
        if (alpha > 0) {
            double dims = config.ropeDims();
            keys.put("rope.freq_base", GgufValue.of((float) (config.ropeTheta() * Math.pow(alpha, dims / (dims - 2)))));
        }
    }
}
