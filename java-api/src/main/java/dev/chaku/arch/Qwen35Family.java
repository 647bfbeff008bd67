package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.HeadNorm;
import dev.chaku.arch.DenseTraits.Mixer;
import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;

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
