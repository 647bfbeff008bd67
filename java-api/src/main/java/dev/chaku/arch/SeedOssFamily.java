package dev.chaku.arch;

import dev.chaku.arch.DenseTraits.Presence;
import dev.chaku.arch.RopeSpec.Pairing;
import dev.chaku.gguf.GgufFile;

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
