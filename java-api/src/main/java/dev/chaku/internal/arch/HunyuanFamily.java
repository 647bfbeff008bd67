package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Hunyuan, dense: query and key heads are normalised after the rotation. */
final class HunyuanFamily extends DenseFamily {
    HunyuanFamily() {
        super("hunyuan-dense");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .headNorms(Presence.REQUIRED, HeadNorm.HEAD)
                .normAfterRope();
    }
}
