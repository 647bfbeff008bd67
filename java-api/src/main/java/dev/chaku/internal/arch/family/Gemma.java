package dev.chaku.internal.arch.family;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.arch.DecoderTraits;
import dev.chaku.internal.engine.LayerOptions;
import dev.chaku.internal.engine.RopeSpec.Pairing;
import dev.chaku.internal.huggingface.HuggingFaceClass;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.TensorRule.Values;
import dev.chaku.internal.huggingface.TensorRules;
import java.util.List;

/**
 * Gemma: a GELU gate, norms that Hugging Face stores as the difference from 1, and an embedding multiplied by the
 * square root of the width.
 */
final class Gemma extends Family {
    Gemma() {
        super("gemma");
    }

    @Override
    DecoderTraits traits(GgufFile file) {
        return DecoderTraits.rotating(Pairing.HALVES)
                .feedForward(f -> f.gate(LayerOptions.GELU_TANH))
                .scaleEmbeddingByWidth();
    }

    @Override
    List<HuggingFaceClass> huggingFace() {
        return List.of(kind(of("GemmaForCausalLM")).tensors(plusOne(rules().llama())));
    }

    /** Of the gemma kind: the first model's config.json names another activation than it was trained with. */
    static HuggingFaceClass kind(HuggingFaceClass made) {
        return made.tied().activations("gelu_pytorch_tanh", "gelu");
    }

    static TensorRules plusOne(TensorRules rules) {
        return rules.change(to -> to.endsWith("norm.weight"), rule -> rule.holding(Values.PLUS_ONE));
    }

    /** All that llama has, with norms before and after each half block. */
    static TensorRules postNorms(TensorRules rules) {
        return rules.llama()
                .without("ffn_norm.weight")
                .norm("post_attention_layernorm", "post_attention_norm")
                .norm("pre_feedforward_layernorm", "ffn_norm")
                .norm("post_feedforward_layernorm", "post_ffw_norm");
    }

    /**
     * No key of GGUF says what scores are divided by: the root of a head's width, in the largest model of the model's
     * width per head.
     */
    static void requireScale(ModelConfig config, int layersOfLargest) {
        long usual = config.layers() == layersOfLargest ? config.width() / config.heads() : config.headDim();
        config.requireOneOf("query_pre_attn_scalar", usual, (double) usual);
    }
}
