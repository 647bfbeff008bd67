package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** GLM-4 0414: norms around both half blocks, gate and up in one tensor, adjacent pairs of a part of each head. */
final class Glm4Family extends DenseFamily {
    Glm4Family() {
        super("glm4");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.ADJACENT)
                .biases(Presence.OPTIONAL, Presence.NONE, Presence.NONE)
                .norms(Presence.REQUIRED, Presence.REQUIRED, Presence.REQUIRED)
                .fusedQkv()
                .fusedGateUp();
    }
}
