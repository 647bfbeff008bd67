package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** SmolLM3: every fourth layer knows no positions. */
final class SmolLm3Family extends DenseFamily {
    SmolLm3Family() {
        super("smollm3");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.ADJACENT)
                .biases(Presence.OPTIONAL, Presence.OPTIONAL, Presence.NONE)
                .ropes((layer, windowed, anyWindow) -> layer % 4 == 3 ? -1 : 0);
    }
}
