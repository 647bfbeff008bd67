package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Feature;
import dev.chaku.internal.arch.NormTraits.HeadNorm;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.TensorRules;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/**
 * Gemma 3, text: as Gemma 2 without the cap of scores, with normalised heads; five of six layers have a window and a
 * rope of their own. The largest model, of 62 layers, scales scores by its width per head.
 */
final class Gemma3 extends Family {
    private static final int LARGEST = 62;

    Gemma3() {
        super("gemma3");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return kind();
    }

    static DecoderTraits kind() {
        return DecoderTraits.rotating(Pairing.HALVES)
                .feedForward(f -> f.gate(LayerOptions.GELU_TANH))
                .scaleEmbeddingByWidth()
                .norms(n -> n.around(REQUIRED, REQUIRED, REQUIRED).heads(REQUIRED, HeadNorm.HEAD))
                .positions(p -> p.windows(Gemma3::isWindowed)
                        .localRope(10000)
                        .ropes((layer, windowed, anyWindow) -> windowed ? 1 : 0))
                .attention(a -> a.scale((headDim, width, heads, layers) ->
                        1 / Math.sqrt(layers == LARGEST ? (double) width / heads : headDim)))
                .understands(Feature.LOGIT_SOFT_CAP);
    }

    private static boolean isWindowed(int layer) {
        return layer % 6 < 5;
    }

    /** The models that also see leave out of config.json what is as in the class. */
    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(kind(of("Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"), rules()));
    }

    static HuggingFaceClass kind(HuggingFaceClass made, TensorRules rules) {
        return Gemma.kind(made)
                .tensors(Gemma.plusOne(Gemma.postNorms(rules).headNorms()))
                .keys(Gemma3::keys)
                .defaults(Map.of(
                        "num_attention_heads",
                        8L,
                        "num_key_value_heads",
                        4L,
                        "head_dim",
                        256L,
                        "query_pre_attn_scalar",
                        256L,
                        "rms_norm_eps",
                        1e-6,
                        "rope_theta",
                        1e6,
                        "vocab_size",
                        262208L,
                        "max_position_embeddings",
                        131072L,
                        "sliding_window",
                        4096L));
    }

    static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        Gemma.requireScale(config, LARGEST);
        config.requireOneOf("sliding_window_pattern", 6L);
        config.requireOneOf("rope_local_base_freq", 10000L, 10000.0);
        config.requireOneOf("attn_logit_softcapping");
        config.requireOneOf("final_logit_softcapping");
        WindowKeys.add(config, keys);
        WindowKeys.require(config, Gemma3::isWindowed);
        config.json()
                .findObject("rope_parameters")
                .flatMap(each -> each.findObject("sliding_attention"))
                .ifPresent(local -> {
                    double theta = local.requireDouble("rope_theta");
                    if (theta != 10000) {
                        throw local.error("rope_theta", "10000 (others are not supported for windowed layers)", theta);
                    }
                });
    }
}
