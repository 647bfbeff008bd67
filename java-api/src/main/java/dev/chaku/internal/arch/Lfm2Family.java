package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Mixer;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** LFM2: gated short convolutions, and attention with normalised heads in some layers. */
final class Lfm2Family extends DenseFamily {
    Lfm2Family() {
        super("lfm2");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .headNorms(Presence.REQUIRED, HeadNorm.HEAD)
                .mixer(Mixer.SHORT_CONVOLUTION)
                .rename(DecoderModule.OUTPUT_NORM, "token_embd_norm");
    }
}
