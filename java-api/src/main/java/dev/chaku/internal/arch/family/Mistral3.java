package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.OPTIONAL;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Feature;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import java.util.List;
import java.util.Map;

/**
 * Mistral Small 3.x, Ministral 3 and others of their kind: the llama kind with yarn and queries that grow with their
 * position.
 */
final class Mistral3 extends Family {
    Mistral3() {
        super("mistral3");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.ADJACENT)
                .attention(a -> a.biases(OPTIONAL, OPTIONAL))
                .understands(Feature.QUERY_TEMPERATURE);
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llama().halves();
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Mistral3ForConditionalGeneration", "Ministral3ForCausalLM")
                .tensors(rules().llama())
                .keys(Mistral3::keys)
                .readsOfRope("llama_4_scaling_beta"));
    }

    /** Queries may grow with their position; then yarn's own magnitude is undone, for which files have a key. */
    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("sliding_window");
        JsonFile rope = config.ropeParameters().orElse(config.json());
        rope.findDouble("llama_4_scaling_beta").ifPresent(beta -> {
            keys.put("attention.temperature_scale", GgufValue.of((float) beta));
            keys.put(
                    "rope.scaling.original_context_length",
                    GgufValue.ofUint32(rope.requireCount("original_max_position_embeddings")));
        });
        if (rope.findDouble("mscale").orElse(0) == 1 && !rope.has("attention_factor")) {
            keys.remove("rope.scaling.attn_factor");
            keys.put("rope.scaling.yarn_log_multiplier", GgufValue.of((float) rope.requireDouble("mscale_all_dim")));
        }
    }
}
