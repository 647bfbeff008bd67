package dev.chaku.internal.convert;

import static dev.chaku.internal.convert.HuggingFaceFamilies.LAYER;
import static dev.chaku.internal.convert.HuggingFaceFamilies.headNorms;
import static dev.chaku.internal.convert.HuggingFaceFamilies.llamaLike;

import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.huggingface.ModelConfig;
import dev.chaku.internal.huggingface.Size;
import dev.chaku.internal.huggingface.TensorRule;
import dev.chaku.internal.huggingface.TensorRule.Values;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** Gemma, whose norms are stored as the difference from 1, in the generations that hold text alone. */
final class GemmaFamilies {
    /** All mean the same: the first model's config.json names another one than it was trained with. */
    private static final List<String> GELU = List.of("gelu_pytorch_tanh", "gelu");

    static final List<HuggingFaceFamily> ALL = List.of(
            family("GemmaForCausalLM", "gemma", plusOne(llamaLike("gemma")), (config, keys) -> {}),
            family("Gemma2ForCausalLM", "gemma2", plusOne(postNorms("gemma2")), GemmaFamilies::gemma2),
            gemma3("Gemma3ForCausalLM"),
            gemma3("Gemma3ForConditionalGeneration"));

    private GemmaFamilies() {}

    /** The models that also see leave out of config.json what is as in the class. */
    private static HuggingFaceFamily gemma3(String className) {
        return family(className, "gemma3", plusOne(headNorms(postNorms("gemma3"))), GemmaFamilies::gemma3)
                .withDefaults(Map.of(
                        "num_attention_heads",
                        8L,
                        "num_key_value_heads",
                        4L,
                        "head_dim",
                        256L,
                        "query_pre_attn_scalar",
                        256L,
                        "rms_norm_eps",
                        1e-6,
                        "rope_theta",
                        1e6,
                        "vocab_size",
                        262208L,
                        "max_position_embeddings",
                        131072L,
                        "sliding_window",
                        4096L));
    }

    private static HuggingFaceFamily family(
            String className,
            String architecture,
            List<TensorRule> tensors,
            BiConsumer<ModelConfig, Map<String, GgufValue>> extra) {
        return new HuggingFaceFamily(
                List.of(className), architecture, "rms_norm_eps", false, true, true, GELU, tensors, extra);
    }

    private static List<TensorRule> plusOne(List<TensorRule> rules) {
        return rules.stream()
                .map(rule -> rule.to().endsWith("norm.weight") ? rule.holding(Values.PLUS_ONE) : rule)
                .toList();
    }

    /** Norms before and after each half. */
    private static List<TensorRule> postNorms(String architecture) {
        List<TensorRule> rules = new ArrayList<>();
        for (TensorRule rule : llamaLike(architecture)) {
            if (!rule.to().equals("blk.{l}.ffn_norm.weight")) {
                rules.add(rule);
            }
        }
        norm(rules, "post_attention_layernorm", "post_attention_norm");
        norm(rules, "pre_feedforward_layernorm", "ffn_norm");
        norm(rules, "post_feedforward_layernorm", "post_ffw_norm");
        return rules;
    }

    private static void norm(List<TensorRule> rules, String from, String to) {
        rules.add(TensorRule.vector(LAYER + from + ".weight", "blk.{l}." + to + ".weight", Size.WIDTH));
    }

    private static void gemma2(ModelConfig config, Map<String, GgufValue> keys) {
        requireScale(config, 46);
        HuggingFaceFamilies.slidingWindow(config, keys);
        HuggingFaceFamilies.requireWindows(config, layer -> layer % 2 == 0);
        for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
            keys.put(cap, GgufValue.of((float) config.json().requireDouble(cap)));
        }
    }

    private static void gemma3(ModelConfig config, Map<String, GgufValue> keys) {
        requireScale(config, 62);
        config.requireOneOf("sliding_window_pattern", 6L);
        config.requireOneOf("rope_local_base_freq", 10000L, 10000.0);
        config.requireOneOf("attn_logit_softcapping");
        config.requireOneOf("final_logit_softcapping");
        HuggingFaceFamilies.slidingWindow(config, keys);
        HuggingFaceFamilies.requireWindows(config, layer -> layer % 6 < 5);
        config.json()
                .findObject("rope_parameters")
                .flatMap(each -> each.findObject("sliding_attention"))
                .ifPresent(local -> {
                    double theta = local.requireDouble("rope_theta");
                    if (theta != 10000) {
                        throw local.error("rope_theta", "10000 (others are not supported for windowed layers)", theta);
                    }
                });
    }

    /**
     * No key of GGUF says what scores are divided by: the root of a head's width, in the largest model of the model's
     * width per head.
     */
    private static void requireScale(ModelConfig config, int layersOfLargest) {
        long usual = config.layers() == layersOfLargest ? config.width() / config.heads() : config.headDim();
        config.requireOneOf("query_pre_attn_scalar", usual, (double) usual);
    }
}
