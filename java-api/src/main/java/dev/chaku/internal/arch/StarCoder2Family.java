package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** StarCoder2: LayerNorm and biases everywhere, a feed-forward without a gate. */
final class StarCoder2Family extends DenseFamily {
    StarCoder2Family() {
        super("starcoder2");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .layerNorm(Presence.REQUIRED)
                .biases(Presence.OPTIONAL, Presence.OPTIONAL, Presence.OPTIONAL)
                .ungated(LayerOptions.GELU_TANH);
    }
}
