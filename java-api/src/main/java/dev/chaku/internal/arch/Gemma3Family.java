package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Feature;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * Gemma 3, text: as Gemma 2 without the cap of scores, with normalised heads; five of six layers have a window and a
 * rope of their own. The largest model, of 62 layers, scales scores by its width per head.
 */
final class Gemma3Family extends DenseFamily {
    Gemma3Family() {
        super("gemma3");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .gate(LayerOptions.GELU_TANH)
                .scaleEmbeddingByWidth()
                .norms(Presence.REQUIRED, Presence.REQUIRED, Presence.REQUIRED)
                .headNorms(Presence.REQUIRED, HeadNorm.HEAD)
                .windows(layer -> layer % 6 < 5)
                .localRope(10000)
                .ropes((layer, windowed, anyWindow) -> windowed ? 1 : 0)
                .attentionScale((headDim, width, heads, layers) ->
                        1 / Math.sqrt(layers == 62 ? (double) width / heads : headDim))
                .understands(Feature.LOGIT_SOFT_CAP);
    }
}
