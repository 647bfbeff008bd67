package dev.chaku.internal.arch.family;

import static dev.chaku.internal.arch.Presence.REQUIRED;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModuleNames;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;

/** BLOOM: scores that fall with distance in place of positions, LayerNorm of the embedding too, biases everywhere. */
final class Bloom extends Family {
    Bloom() {
        super("bloom");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.withoutRotation()
                .norms(n -> n.layerNorm(REQUIRED).embedding())
                .attention(a -> a.biases(REQUIRED, REQUIRED).fused())
                .feedForward(f -> f.biases(REQUIRED).ungated(LayerOptions.GELU_TANH))
                .positions(p -> p.alibi(8));
    }

    @Override
    ModuleNames modules() {
        return LayerNorms.queryKeyValue("transformer.h.", "self_attention.")
                .withEmbedding("transformer.word_embeddings");
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(LayerNorms.kind(of("BloomForCausalLM"))
                .withoutRotation()
                .tied()
                .tensors(tensors())
                .keys((config, keys) -> config.requireOneOf("apply_residual_connection_post_layernorm", false)));
    }

    private TensorRules tensors() {
        TensorRules rules = rules().embedding("transformer.word_embeddings")
                .layerNorm("transformer.word_embeddings_layernorm", "token_embd_norm");
        return LayerNorms.queryKeyValue(rules, "transformer.h.{l}.", "self_attention.")
                .layerNorm("transformer.ln_f", "output_norm")
                .head();
    }
}
