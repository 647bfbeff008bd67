package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Qwen1.5-MoE and Qwen2-MoE: biases of query, key and value, and a shared expert with a gate of its own. */
final class Qwen2MoeFamily extends DenseFamily {
    Qwen2MoeFamily() {
        super("qwen2moe");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .biases(Presence.REQUIRED, Presence.OPTIONAL, Presence.NONE)
                .experts(new ExpertTraits(Gating.SOFTMAX, false, Presence.NONE, true, true));
    }
}
