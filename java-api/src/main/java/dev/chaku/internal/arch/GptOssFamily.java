package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;
import dev.chaku.internal.LayerOptions;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** gpt-oss: attention sinks, windows in every other layer, biases everywhere, and experts with a clamped gate. */
final class GptOssFamily extends DenseFamily {
    GptOssFamily() {
        super("gpt-oss");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .biases(Presence.REQUIRED, Presence.REQUIRED, Presence.NONE)
                .gate(LayerOptions.CLAMPED_SWIGLU)
                .windows(layer -> layer % 2 == 0)
                .sinks()
                .rename(DecoderModule.FFN_NORM, "post_attention_norm")
                .experts(new ExpertTraits(Gating.SOFTMAX_TOP_K, false, Presence.REQUIRED, false, true));
    }
}
