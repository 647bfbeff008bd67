package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

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
