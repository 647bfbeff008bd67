package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;

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
