package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;

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
