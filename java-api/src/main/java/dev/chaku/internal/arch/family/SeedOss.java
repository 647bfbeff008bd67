package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.OPTIONAL;
import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import java.util.List;

/**
 * Seed-OSS: biases of query, key and value; the norm before the feed-forward has the name of one after the attention.
 */
final class SeedOss extends Family {
    SeedOss() {
        super("seed_oss");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .attention(a -> a.biases(REQUIRED, OPTIONAL))
                .rename(DecoderModule.FFN_NORM, "post_attention_norm");
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(of("SeedOssForCausalLM")
                .tensors(rules().biased(DecoderModule.ATTN_Q, DecoderModule.ATTN_K, DecoderModule.ATTN_V)
                        .llama()
                        .renamed("ffn_norm.weight", "post_attention_norm.weight"))
                .keys((config, keys) -> config.requireOneOf("mlp_bias", false)));
    }
}
