package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Presence;

/** MPT: scores that fall with distance in place of positions, LayerNorm, a feed-forward without a gate. */
final class MptFamily extends DenseFamily {
    MptFamily() {
        super("mpt");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(null)
                .layerNorm(Presence.OPTIONAL)
                .biases(Presence.OPTIONAL, Presence.OPTIONAL, Presence.OPTIONAL)
                .fusedQkv()
                .alibi(8)
                .ungated(LayerOptions.GELU_TANH);
    }
}
