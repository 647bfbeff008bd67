package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.Feature;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

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
