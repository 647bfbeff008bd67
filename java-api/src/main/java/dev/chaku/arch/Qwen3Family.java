package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.HeadNorm;
import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;

/** Qwen3: each query and key head is normalised before the rotation. */
final class Qwen3Family extends DenseFamily {
    Qwen3Family() {
        super("qwen3");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES).headNorms(Presence.REQUIRED, HeadNorm.HEAD);
    }
}
