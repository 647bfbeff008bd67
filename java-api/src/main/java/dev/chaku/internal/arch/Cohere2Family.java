package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.Feature;
import dev.chaku.internal.arch.DenseTraits.Parallel;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Command R7B and A: as Command R, but three of four layers have a window, and they alone know positions. */
final class Cohere2Family extends DenseFamily {
    Cohere2Family() {
        super("cohere2");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.ADJACENT)
                .layerNorm(Presence.NONE)
                .biases(Presence.OPTIONAL, Presence.OPTIONAL, Presence.NONE)
                .norms(Presence.REQUIRED, Presence.NONE, Presence.NONE)
                .parallel(Parallel.ALWAYS)
                .windows(layer -> layer % 4 < 3)
                .ropes((layer, windowed, anyWindow) -> windowed ? 0 : -1)
                .understands(Feature.LOGIT_SCALE);
    }
}
