package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Presence;

/** BLOOM: scores that fall with distance in place of positions, LayerNorm of the embedding too, biases everywhere. */
final class BloomFamily extends DenseFamily {
    BloomFamily() {
        super("bloom");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(null)
                .layerNorm(Presence.REQUIRED)
                .biases(Presence.REQUIRED, Presence.REQUIRED, Presence.REQUIRED)
                .embeddingNorm()
                .fusedQkv()
                .alibi(8)
                .ungated(LayerOptions.GELU_TANH);
    }
}
