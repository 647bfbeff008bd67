package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Feature;
import dev.chaku.internal.arch.DecoderTraits.Parallel;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;
import java.util.Map;

/**
 * Command R: parallel half blocks that share a LayerNorm without biases, adjacent pairs, a factor of the logits; the
 * largest model has norms of each head.
 */
final class CommandR extends Family {
    CommandR() {
        super("command-r");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.ADJACENT)
                .norms(n ->
                        n.layerNorm(NONE).around(REQUIRED, NONE, NONE).heads(OPTIONAL, HeadNorm.HEAD_WITH_OWN_WEIGHTS))
                .attention(a -> a.biases(OPTIONAL, OPTIONAL))
                .parallel(Parallel.ALWAYS)
                .understands(Feature.LOGIT_SCALE);
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(kind(of("CohereForCausalLM"))
                .tensors(config -> tensors(rules(), config))
                .keys(CommandR::keys));
    }

    static HuggingFaceClass kind(HuggingFaceClass made) {
        return made.epsilon("layer_norm_eps").layerNorm().tied();
    }

    /** One norm serves both half blocks. */
    static TensorRules tensors(TensorRules rules, ModelConfig config) {
        rules.llama().without("ffn_norm.weight");
        if (config.json().bool("use_qk_norm", false)) {
            rules.matrix(LAYER + "self_attn.q_norm", BLOCK + "attn_q_norm", Size.HEADS, Size.HEAD);
            rules.matrix(LAYER + "self_attn.k_norm", BLOCK + "attn_k_norm", Size.KV_HEADS, Size.HEAD);
        }
        return rules;
    }

    static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        keys.put("logit_scale", GgufValue.of((float) config.json().requireDouble("logit_scale")));
        if (config.json().has("model_max_length")) {
            keys.put("context_length", GgufValue.ofUint32(config.count("model_max_length")));
        }
    }
}
