package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/** Qwen2 and Qwen2.5: biases on query, key and value. */
final class Qwen2Family extends DenseFamily {
    Qwen2Family() {
        super("qwen2");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES).biases(Presence.REQUIRED, Presence.NONE, Presence.NONE);
    }
}
