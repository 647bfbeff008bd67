package dev.chaku.internal.arch;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DenseTraits.Presence;
import dev.chaku.internal.arch.RopeSpec.Pairing;

/**
 * Seed-OSS: biases of query, key and value; the norm before the feed-forward has the name of one after the attention.
 */
final class SeedOssFamily extends DenseFamily {
    SeedOssFamily() {
        super("seed_oss");
    }

    @Override
    DenseTraits traits(GgufFile file) {
        return new DenseTraits(Pairing.HALVES)
                .biases(Presence.REQUIRED, Presence.OPTIONAL, Presence.NONE)
                .rename(DecoderModule.FFN_NORM, "post_attention_norm");
    }
}
