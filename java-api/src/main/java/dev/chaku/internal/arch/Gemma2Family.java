package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Feature;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * Gemma 2: norms around both half blocks, soft caps of scores and logits, and a window in every other layer. The
 * largest model, of 46 layers, scales scores by its width per head.
 */
final class Gemma2Family extends DenseFamily {
    Gemma2Family() {
        super("gemma2");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .gate(LayerOptions.GELU_TANH)
                .scaleEmbeddingByWidth()
                .norms(Presence.REQUIRED, Presence.REQUIRED, Presence.REQUIRED)
                .windows(layer -> layer % 2 == 0)
                .attentionScale((headDim, width, heads, layers) ->
                        1 / Math.sqrt(layers == 46 ? (double) width / heads : headDim))
                .understands(Feature.ATTENTION_SOFT_CAP, Feature.LOGIT_SOFT_CAP);
    }
}
