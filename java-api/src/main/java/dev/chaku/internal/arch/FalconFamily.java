package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Parallel;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * Falcon: parallel half blocks, LayerNorm, few key heads, no biases but the norms'. The larger models have a norm of
 * their own for the attention, called {@code attn_norm_2}; what others call {@code attn_norm} is then the
 * feed-forward's.
 */
final class FalconFamily extends DenseFamily {
    FalconFamily() {
        super("falcon");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        DenseTraits traits = new DenseTraits(Pairing.HALVES)
                .layerNorm(Presence.REQUIRED)
                .fusedQkv()
                .parallel(Parallel.ALWAYS)
                .ungated(LayerOptions.GELU_TANH);
        if (file.findTensor("blk.0.attn_norm_2.weight").isEmpty()) {
            return traits.norms(Presence.REQUIRED, Presence.NONE, Presence.NONE);
        }
        return traits.rename(DecoderModule.ATTN_NORM, "attn_norm_2").rename(DecoderModule.FFN_NORM, "attn_norm");
    }
}
