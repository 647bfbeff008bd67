package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Qwen3-MoE: query and key heads are normalised before the rotation; no shared expert. */
final class Qwen3MoeFamily extends DenseFamily {
    Qwen3MoeFamily() {
        super("qwen3moe");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .headNorms(Presence.REQUIRED, HeadNorm.HEAD)
                .experts(new ExpertTraits(Gating.SOFTMAX, true, Presence.NONE, false, true));
    }
}
