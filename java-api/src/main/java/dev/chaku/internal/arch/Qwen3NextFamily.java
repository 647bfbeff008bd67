package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Mixer;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Qwen3-Next: as Qwen3.5, with experts and one that is shared in each layer. */
final class Qwen3NextFamily extends DenseFamily {
    Qwen3NextFamily() {
        super("qwen3next");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .headNorms(Presence.REQUIRED, HeadNorm.HEAD)
                .mixer(Mixer.DELTA_RULE)
                .gatedQueries()
                .rename(DecoderModule.FFN_NORM, "post_attention_norm")
                .experts(new ExpertTraits(Gating.SOFTMAX, true, Presence.NONE, true, true));
    }
}
