package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.NONE;
import static dev.chaku.internal.arch.Presence.REQUIRED;
import static dev.chaku.internal.huggingface.TensorRule.vector;
import static dev.chaku.internal.huggingface.TensorRules.BLOCK;
import static dev.chaku.internal.huggingface.TensorRules.LAYER;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRules;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/**
 * OLMo 2: norms after the half blocks alone, and of all query heads as one vector, as of all key heads. OLMo 3 has
 * windows in three of four layers, whose rotation is not stretched.
 */
final class Olmo2 extends Family {
    Olmo2() {
        super("olmo2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        DecoderTraits traits = DecoderTraits.rotating(Pairing.HALVES)
                .norms(n -> n.around(NONE, NONE, REQUIRED).heads(REQUIRED, HeadNorm.ALL_HEADS));
        if (!file.metadata().has("olmo2.attention.sliding_window")) {
            return traits;
        }
        return traits.positions(p -> p.windows(Olmo2::isWindowed)
                .localRopeOfSameBase()
                .ropes((layer, windowed, anyWindow) -> windowed ? 1 : 0));
    }

    private static boolean isWindowed(int layer) {
        return layer % 4 < 3;
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(
                of("Olmo2ForCausalLM").tensors(tensors()).keys((config, keys) -> config.requireOneOf("clip_qkv")),
                of("Olmo3ForCausalLM").tensors(tensors()).keys(Olmo2::windows));
    }

    private TensorRules tensors() {
        return rules().embedding()
                .products()
                .add(vector(LAYER + "self_attn.q_norm.weight", BLOCK + "attn_q_norm.weight", Size.QUERIES))
                .add(vector(LAYER + "self_attn.k_norm.weight", BLOCK + "attn_k_norm.weight", Size.KEYS))
                .norm("post_attention_layernorm", "post_attention_norm")
                .gated()
                .norm("post_feedforward_layernorm", "post_ffw_norm")
                .output();
    }

    /** Files say of each layer whether it has the window; without a list it is three of four. */
    private static void windows(ModelConfig config, Map<String, GgufValue> keys) {
        config.requireOneOf("clip_qkv");
        keys.put("attention.sliding_window", GgufValue.ofUint32(config.count("sliding_window")));
        WindowKeys.require(config, Olmo2::isWindowed);
        boolean[] windowed = new boolean[config.layers()];
        for (int l = 0; l < windowed.length; l++) {
            windowed[l] = isWindowed(l);
        }
        keys.put("attention.sliding_window_pattern", GgufValue.of(windowed));
    }
}
