package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Parallel;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Phi-1.5 and Phi-2: parallel half blocks that share a LayerNorm, biases everywhere, a part of each head rotated. */
final class Phi2Family extends DenseFamily {
    Phi2Family() {
        super("phi2");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .layerNorm(Presence.REQUIRED)
                .biases(Presence.REQUIRED, Presence.REQUIRED, Presence.REQUIRED)
                .headBias(Presence.REQUIRED)
                .norms(Presence.REQUIRED, Presence.NONE, Presence.NONE)
                .fusedQkv()
                .parallel(Parallel.ALWAYS)
                .ungated(LayerOptions.GELU_TANH);
    }
}
