package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.HeadNorm;
import dev.chaku.internal.arch.DenseTraits.Parallel;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * StableLM: LayerNorm with biases, a part of each head rotated. Without a norm before the feed-forward the half blocks
 * are parallel; then each head has norms of its own.
 */
final class StableLmFamily extends DenseFamily {
    StableLmFamily() {
        super("stablelm");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .layerNorm(Presence.REQUIRED)
                .biases(Presence.OPTIONAL, Presence.NONE, Presence.NONE)
                .norms(Presence.REQUIRED, Presence.OPTIONAL, Presence.NONE)
                .headNorms(Presence.OPTIONAL, HeadNorm.HEAD_WITH_OWN_WEIGHTS)
                .parallel(Parallel.WITHOUT_FFN_NORM);
    }
}
