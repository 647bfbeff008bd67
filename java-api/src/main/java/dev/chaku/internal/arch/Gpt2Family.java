package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Presence;

/** GPT-2: learned positions, LayerNorm and biases everywhere, a feed-forward without a gate. */
final class Gpt2Family extends DenseFamily {
    Gpt2Family() {
        super("gpt2");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(null)
                .layerNorm(Presence.REQUIRED)
                .biases(Presence.REQUIRED, Presence.REQUIRED, Presence.REQUIRED)
                .fusedQkv()
                .positions()
                .ungated(LayerOptions.GELU_TANH);
    }
}
