package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;

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
