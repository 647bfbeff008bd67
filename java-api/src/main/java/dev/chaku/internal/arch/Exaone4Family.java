package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * EXAONE 4: norms after the half blocks alone, and of each head. In the larger models three of four layers have a
 * window, and they alone know positions.
 */
final class Exaone4Family extends DenseFamily {
    Exaone4Family() {
        super("exaone4");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .norms(Presence.NONE, Presence.NONE, Presence.REQUIRED)
                .headNorms(Presence.REQUIRED, HeadNorm.HEAD)
                .windows(layer -> layer % 4 < 3)
                .ropes((layer, windowed, anyWindow) -> windowed || !anyWindow ? 0 : -1);
    }
}
