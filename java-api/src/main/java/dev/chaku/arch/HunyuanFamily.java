package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.HeadNorm;
import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;

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
