package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.Feature;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * Mistral Small 3.x, Ministral 3 and others of their kind: the llama kind with yarn and queries that grow with their
 * position.
 */
final class Mistral3Family extends DenseFamily {
    Mistral3Family() {
        super("mistral3");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.ADJACENT)
                .biases(Presence.OPTIONAL, Presence.OPTIONAL, Presence.NONE)
                .understands(Feature.QUERY_TEMPERATURE);
    }
}
