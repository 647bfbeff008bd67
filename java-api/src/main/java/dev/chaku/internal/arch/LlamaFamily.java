package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.ExpertOptions.Gating;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * Llama and what is stored under its name: mistral, mixtral (with experts), smollm, yi, deepseek dense and others.
 * Files hold query and key rows permuted so that adjacent values form a pair.
 */
final class LlamaFamily extends DenseFamily {
    LlamaFamily() {
        super("llama");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.ADJACENT)
                .biases(Presence.OPTIONAL, Presence.OPTIONAL, Presence.OPTIONAL)
                .windows(layer -> true)
                .experts(new ExpertTraits(Gating.SOFTMAX, true, Presence.NONE, false, false));
    }
}
