package dev.chaku.convert;

import static dev.chaku.convert.HuggingFaceFamilies.LAYER;
import static dev.chaku.convert.HuggingFaceFamilies.headNorms;
import static dev.chaku.convert.HuggingFaceFamilies.llamaLike;

import dev.chaku.convert.TensorRule.Change;
import dev.chaku.gguf.GgufValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** Gemma, whose norms are stored as the difference from 1, in the generations that hold text alone. */
final class GemmaFamilies {
  /** All mean the same: the first model's config.json names another one than it was trained with. */
  private static final List<String> GELU = List.of("gelu_pytorch_tanh", "gelu");

  static final List<HuggingFaceFamily> ALL = List.of(
      family("GemmaForCausalLM", "gemma", plusOne(llamaLike("gemma")), (config, keys) -> { }),
      family("Gemma2ForCausalLM", "gemma2", plusOne(postNorms("gemma2")), GemmaFamilies::gemma2),
      family("Gemma3ForCausalLM", "gemma3", headNorms(plusOne(postNorms("gemma3")), Change.PLUS_ONE), GemmaFamilies::gemma3));

  private GemmaFamilies() {}

  private static HuggingFaceFamily family(
      String className, String architecture, List<TensorRule> tensors, BiConsumer<ModelConfig, Map<String, GgufValue>> extra) {
    return new HuggingFaceFamily(List.of(className), architecture, "rms_norm_eps", false, true, true, GELU, tensors, extra);
  }

  private static List<TensorRule> plusOne(List<TensorRule> rules) {
    return rules.stream()
        .map(rule -> rule.to().endsWith("norm.weight")
            ? new TensorRule(rule.from(), rule.to(), rule.rows(), rule.columns(), Change.PLUS_ONE, rule.need())
            : rule)
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
    rules.add(HuggingFaceFamilies.vector(LAYER + from + ".weight", "blk.{l}." + to + ".weight", Size.WIDTH));
  }

  private static void gemma2(ModelConfig config, Map<String, GgufValue> keys) {
    config.requireOneOf("query_pre_attn_scalar", (long) config.headDim());
    HuggingFaceFamilies.slidingWindow(config, keys);
    for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
      keys.put(cap, GgufValue.of((float) config.json().requireDouble(cap)));
    }
  }

  private static void gemma3(ModelConfig config, Map<String, GgufValue> keys) {
    config.requireOneOf("query_pre_attn_scalar", (long) config.headDim());
    config.requireOneOf("sliding_window_pattern", 6L);
    config.requireOneOf("rope_local_base_freq", 10000L, 10000.0);
    config.requireOneOf("attn_logit_softcapping");
    config.requireOneOf("final_logit_softcapping");
    HuggingFaceFamilies.slidingWindow(config, keys);
  }
}
