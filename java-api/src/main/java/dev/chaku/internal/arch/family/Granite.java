package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.OPTIONAL;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Feature;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import java.util.List;
import java.util.Map;

/** Granite 3: the llama kind with multipliers of embedding, residuals, scores and logits. */
final class Granite extends Family {
    Granite() {
        super("granite");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return kind();
    }

    /** Of either Granite 3. */
    static DecoderTraits kind() {
        return DecoderTraits.rotating(Pairing.ADJACENT)
                .attention(a -> a.biases(OPTIONAL, OPTIONAL))
                .feedForward(f -> f.biases(OPTIONAL))
                .understands(
                        Feature.EMBEDDING_SCALE, Feature.RESIDUAL_SCALE, Feature.LOGIT_DIVISOR, Feature.ROPE_SWITCH);
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llama().halves();
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("GraniteForCausalLM").tensors(rules().llama()).keys(Granite::multipliers));
    }

    static void multipliers(ModelConfig config, Map<String, GgufValue> keys) {
        keys.put("attention.scale", GgufValue.of((float) config.json().requireDouble("attention_multiplier")));
        keys.put("embedding_scale", GgufValue.of((float) config.json().requireDouble("embedding_multiplier")));
        keys.put("residual_scale", GgufValue.of((float) config.json().requireDouble("residual_multiplier")));
        keys.put("logit_scale", GgufValue.of((float) config.json().requireDouble("logits_scaling")));
    }
}
