package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.HeadNorm;
import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;

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
