package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Feature;
import dev.chaku.internal.arch.DecoderTraits.Parallel;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/** Command R7B and A: as Command R, but three of four layers have a window, and they alone know positions. */
final class Cohere2 extends Family {
    Cohere2() {
        super("cohere2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.ADJACENT)
                .norms(n -> n.layerNorm(NONE).around(REQUIRED, NONE, NONE))
                .attention(a -> a.biases(OPTIONAL, OPTIONAL))
                .parallel(Parallel.ALWAYS)
                .positions(p -> p.windows(Cohere2::isWindowed).ropes((layer, windowed, anyWindow) -> windowed ? 0 : -1))
                .understands(Feature.LOGIT_SCALE);
    }

    private static boolean isWindowed(int layer) {
        return layer % 4 < 3;
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(CommandR.kind(of("Cohere2ForCausalLM"))
                .tensors(config -> CommandR.tensors(rules(), config))
                .keys(Cohere2::keys));
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        CommandR.keys(config, keys);
        config.requireOneOf("use_qk_norm", false);
        config.requireOneOf("use_parallel_block", true);
        config.requireOneOf("use_gated_activation", true);
        config.requireOneOf("position_embedding_type", "rope_gptj");
        config.requireOneOf("order_of_interleaved_layers", "local_attn_first");
        config.requireOneOf("sliding_window_pattern", 4L);
        config.requireOneOf("layer_switch", 4L);
        WindowKeys.add(config, keys);
        WindowKeys.require(config, Cohere2::isWindowed);
    }
}
