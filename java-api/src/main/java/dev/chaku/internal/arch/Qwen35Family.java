package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Mixer;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Qwen3.5, dense: the gated delta rule in three of four layers, attention with gated queries in the fourth. */
final class Qwen35Family extends DenseFamily {
    Qwen35Family() {
        super("qwen35");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .headNorms(Presence.REQUIRED, HeadNorm.HEAD)
                .mixer(Mixer.DELTA_RULE_TILED)
                .gatedQueries()
                .rename(DecoderModule.FFN_NORM, "post_attention_norm")
                .harmless("rope.dimension_sections");
    }
}
