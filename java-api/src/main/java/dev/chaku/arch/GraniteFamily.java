package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.Feature;
import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;

/** Granite 3: the llama kind with multipliers of embedding, residuals, scores and logits. */
final class GraniteFamily extends DenseFamily {
    GraniteFamily() {
        super("granite");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.ADJACENT)
                .biases(Presence.OPTIONAL, Presence.OPTIONAL, Presence.OPTIONAL)
                .understands(
                        Feature.EMBEDDING_SCALE, Feature.RESIDUAL_SCALE, Feature.LOGIT_DIVISOR, Feature.ROPE_SWITCH);
    }
}
