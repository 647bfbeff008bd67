package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.TensorRules;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/**
 * EXAONE 4: norms after the half blocks alone, and of each head. In the larger models three of four layers have a
 * window, and they alone know positions.
 */
final class Exaone4 extends Family {
    Exaone4() {
        super("exaone4");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.around(NONE, NONE, REQUIRED).heads(REQUIRED, HeadNorm.HEAD))
                .positions(p -> p.windows(Exaone4::isWindowed)
                        .ropes((layer, windowed, anyWindow) -> windowed || !anyWindow ? 0 : -1));
    }

    private static boolean isWindowed(int layer) {
        return layer % 4 < 3;
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("Exaone4ForCausalLM").tensors(tensors()).keys(Exaone4::keys));
    }

    private TensorRules tensors() {
        return rules().embedding()
                .products()
                .norm("post_attention_layernorm", "post_attention_norm")
                .gated()
                .norm("post_feedforward_layernorm", "post_ffw_norm")
                .output()
                .headNorms();
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("sliding_window_pattern", "LLLG", 4L);
        WindowKeys.add(config, keys);
        WindowKeys.require(config, layer -> config.json().has("sliding_window") && isWindowed(layer));
    }
}
