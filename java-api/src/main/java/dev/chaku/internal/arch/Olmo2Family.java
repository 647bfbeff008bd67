package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * OLMo 2: norms after the half blocks alone, and of all query heads as one vector, as of all key heads. OLMo 3 has
 * windows in three of four layers, whose rotation is not stretched.
 */
final class Olmo2Family extends DenseFamily {
    Olmo2Family() {
        super("olmo2");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        DenseTraits traits = new DenseTraits(Pairing.HALVES)
                .norms(Presence.NONE, Presence.NONE, Presence.REQUIRED)
                .headNorms(Presence.REQUIRED, HeadNorm.ALL_HEADS);
        if (!file.metadata().has("olmo2.attention.sliding_window")) {
            return traits;
        }
        return traits.windows(layer -> layer % 4 < 3)
                .localRopeOfSameBase()
                .ropes((layer, windowed, anyWindow) -> windowed ? 1 : 0);
    }
}
