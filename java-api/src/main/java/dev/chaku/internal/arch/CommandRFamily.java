package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.Feature;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Parallel;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * Command R: parallel half blocks that share a LayerNorm without biases, adjacent pairs, a factor of the logits; the
 * largest model has norms of each head.
 */
final class CommandRFamily extends DenseFamily {
    CommandRFamily() {
        super("command-r");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.ADJACENT)
                .layerNorm(Presence.NONE)
                .biases(Presence.OPTIONAL, Presence.OPTIONAL, Presence.NONE)
                .norms(Presence.REQUIRED, Presence.NONE, Presence.NONE)
                .headNorms(Presence.OPTIONAL, HeadNorm.HEAD_WITH_OWN_WEIGHTS)
                .parallel(Parallel.ALWAYS)
                .understands(Feature.LOGIT_SCALE);
    }
}
