package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.arch.DecoderTraits.Feature;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.WindowKeys;
import java.util.List;
import java.util.Map;

/**
 * Gemma 2: norms around both half blocks, soft caps of scores and logits, and a window in every other layer. The
 * largest model, of 46 layers, scales scores by its width per head.
 */
final class Gemma2 extends Family {
    private static final int LARGEST = 46;

    Gemma2() {
        super("gemma2");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .feedForward(f -> f.gate(LayerOptions.GELU_TANH))
                .scaleEmbeddingByWidth()
                .norms(n -> n.around(REQUIRED, REQUIRED, REQUIRED))
                .positions(p -> p.windows(Gemma2::isWindowed))
                .attention(a -> a.scale((headDim, width, heads, layers) ->
                        1 / Math.sqrt(layers == LARGEST ? (double) width / heads : headDim)))
                .understands(Feature.ATTENTION_SOFT_CAP, Feature.LOGIT_SOFT_CAP);
    }

    private static boolean isWindowed(int layer) {
        return layer % 2 == 0;
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(Gemma.kind(of("Gemma2ForCausalLM"))
                .tensors(Gemma.plusOne(Gemma.postNorms(rules())))
                .keys(Gemma2::keys));
    }

    private static void keys(ModelConfig config, Map<String, GgufValue> keys) {
        Gemma.requireScale(config, LARGEST);
        WindowKeys.add(config, keys);
        WindowKeys.require(config, Gemma2::isWindowed);
        for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
            keys.put(cap, GgufValue.of((float) config.json().requireDouble(cap)));
        }
    }
}
