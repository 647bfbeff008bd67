package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.OPTIONAL;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.ModuleNames;
import java.util.List;
import java.util.Map;

/** SmolLM3: every fourth layer knows no positions. */
final class SmolLm3 extends Family {
    SmolLm3() {
        super("smollm3");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.ADJACENT)
                .attention(a -> a.biases(OPTIONAL, OPTIONAL))
                .positions(p -> p.ropes((layer, windowed, anyWindow) -> layer % 4 == 3 ? -1 : 0));
    }

    @Override
    ModuleNames modules() {
        return ModuleNames.llama().halves();
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("SmolLM3ForCausalLM")
                .tied()
                .activations("silu")
                .tensors(rules().llama())
                .keys(SmolLm3::keys));
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("no_rope_layer_interval", 4L);
        config.requireOneOf("use_sliding_window", false);
    }
}
