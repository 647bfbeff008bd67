package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.Feature;
import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;

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
