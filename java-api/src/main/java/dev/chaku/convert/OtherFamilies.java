package dev.chaku.convert;

import static dev.chaku.convert.HuggingFaceFamilies.LAYER;
import static dev.chaku.convert.HuggingFaceFamilies.embedding;
import static dev.chaku.convert.HuggingFaceFamilies.llamaLike;
import static dev.chaku.convert.HuggingFaceFamilies.matrix;
import static dev.chaku.convert.HuggingFaceFamilies.output;
import static dev.chaku.convert.HuggingFaceFamilies.product;
import static dev.chaku.convert.HuggingFaceFamilies.rms;
import static dev.chaku.convert.HuggingFaceFamilies.vector;

import dev.chaku.arch.DecoderModule;
import dev.chaku.convert.TensorRule.Change;
import dev.chaku.convert.TensorRule.Need;
import dev.chaku.gguf.GgufValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Families with multipliers, fused products, norms elsewhere, LayerNorm or learned positions. */
final class OtherFamilies {
  private static final String BLOCK = "blk.{l}.";

  static final List<HuggingFaceFamily> ALL = List.of(
      rms(List.of("GraniteForCausalLM"), "granite", llamaLike("granite"), OtherFamilies::granite),
      new HuggingFaceFamily(
          List.of("SmolLM3ForCausalLM"), "smollm3", "rms_norm_eps", false, true, true, List.of("silu"), llamaLike("smollm3"),
          OtherFamilies::smolLm3),
      rms(List.of("Olmo2ForCausalLM"), "olmo2", olmo2(), (config, keys) -> config.requireOneOf("clip_qkv")),
      rms(List.of("Phi3ForCausalLM"), "phi3", phi3(), HuggingFaceFamilies::slidingWindow),
      new HuggingFaceFamily(
          List.of("StableLmForCausalLM"), "stablelm", "layer_norm_eps", true, true, false, List.of("silu"), stableLm(),
          OtherFamilies::stableLm),
      new HuggingFaceFamily(
          List.of("Starcoder2ForCausalLM"), "starcoder2", "norm_epsilon", true, true, true, List.of("gelu_pytorch_tanh"),
          starcoder2(), OtherFamilies::starcoder2),
      new HuggingFaceFamily(
          List.of("GPT2LMHeadModel"), "gpt2", "layer_norm_epsilon", true, false, true, List.of("gelu_new"), gpt2(),
          OtherFamilies::gpt2),
      new HuggingFaceFamily(
          List.of("FalconForCausalLM"), "falcon", "layer_norm_epsilon", true, true, true, List.of("gelu"), falcon(),
          OtherFamilies::falcon));

  private OtherFamilies() {}

  private static TensorRule rule(String from, String to, Size rows, Size columns, Change change, Need need) {
    return new TensorRule(from, to, rows, columns, change, need);
  }

  /** Weight and bias of a LayerNorm. */
  private static List<TensorRule> layerNorm(String from, String to, Need need) {
    return List.of(
        rule(from + ".weight", to + ".weight", Size.ONE, Size.WIDTH, Change.NONE, need),
        rule(from + ".bias", to + ".bias", Size.ONE, Size.WIDTH, Change.NONE, need));
  }

  /** Weight of a product and its bias. */
  private static List<TensorRule> biased(String from, String to, Size rows, Size columns, Change change) {
    return List.of(
        rule(from + ".weight", to + ".weight", rows, columns, change, Need.REQUIRED),
        rule(from + ".bias", to + ".bias", Size.ONE, rows, Change.NONE, Need.REQUIRED));
  }

  private static void products(List<TensorRule> rules, String architecture) {
    rules.addAll(product(architecture, DecoderModule.ATTN_Q, Size.QUERIES, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.ATTN_K, Size.KEYS, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.ATTN_V, Size.KEYS, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.ATTN_OUTPUT, Size.WIDTH, Size.QUERIES));
  }

  private static void gated(List<TensorRule> rules, String architecture) {
    rules.addAll(product(architecture, DecoderModule.FFN_GATE, Size.FF, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.FFN_UP, Size.FF, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.FFN_DOWN, Size.WIDTH, Size.FF));
  }

  private static List<TensorRule> olmo2() {
    List<TensorRule> rules = new ArrayList<>(embedding());
    products(rules, "olmo2");
    rules.add(vector(LAYER + "self_attn.q_norm.weight", BLOCK + "attn_q_norm.weight", Size.QUERIES));
    rules.add(vector(LAYER + "self_attn.k_norm.weight", BLOCK + "attn_k_norm.weight", Size.KEYS));
    rules.add(vector(LAYER + "post_attention_layernorm.weight", BLOCK + "post_attention_norm.weight", Size.WIDTH));
    gated(rules, "olmo2");
    rules.add(vector(LAYER + "post_feedforward_layernorm.weight", BLOCK + "post_ffw_norm.weight", Size.WIDTH));
    rules.addAll(output());
    return rules;
  }

  private static List<TensorRule> phi3() {
    List<TensorRule> rules = new ArrayList<>(embedding());
    rules.add(vector(LAYER + "input_layernorm.weight", BLOCK + "attn_norm.weight", Size.WIDTH));
    rules.add(matrix(LAYER + "self_attn.qkv_proj.weight", BLOCK + "attn_qkv.weight", Size.QUERIES_KEYS_VALUES, Size.WIDTH));
    rules.add(matrix(LAYER + "self_attn.o_proj.weight", BLOCK + "attn_output.weight", Size.WIDTH, Size.QUERIES));
    rules.add(vector(LAYER + "post_attention_layernorm.weight", BLOCK + "ffn_norm.weight", Size.WIDTH));
    rules.add(matrix(LAYER + "mlp.gate_up_proj.weight", BLOCK + "ffn_up.weight", Size.GATE_UP, Size.WIDTH));
    rules.add(matrix(LAYER + "mlp.down_proj.weight", BLOCK + "ffn_down.weight", Size.WIDTH, Size.FF));
    rules.addAll(output());
    return rules;
  }

  private static List<TensorRule> stableLm() {
    List<TensorRule> rules = new ArrayList<>(embedding());
    rules.addAll(layerNorm(LAYER + "input_layernorm", BLOCK + "attn_norm", Need.REQUIRED));
    products(rules, "stablelm");
    // Parallel halves share the first norm.
    rules.addAll(layerNorm(LAYER + "post_attention_layernorm", BLOCK + "ffn_norm", Need.OPTIONAL));
    gated(rules, "stablelm");
    rules.addAll(layerNorm("model.norm", "output_norm", Need.REQUIRED));
    rules.add(rule("lm_head.weight", "output.weight", Size.VOCAB, Size.WIDTH, Change.NONE, Need.UNLESS_TIED));
    return rules;
  }

  private static List<TensorRule> starcoder2() {
    List<TensorRule> rules = new ArrayList<>(embedding());
    rules.addAll(layerNorm(LAYER + "input_layernorm", BLOCK + "attn_norm", Need.REQUIRED));
    products(rules, "starcoder2");
    rules.addAll(layerNorm(LAYER + "post_attention_layernorm", BLOCK + "ffn_norm", Need.REQUIRED));
    rules.addAll(biased(LAYER + "mlp.c_fc", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Change.NONE));
    rules.addAll(biased(LAYER + "mlp.c_proj", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Change.NONE));
    rules.addAll(layerNorm("model.norm", "output_norm", Need.REQUIRED));
    rules.add(rule("lm_head.weight", "output.weight", Size.VOCAB, Size.WIDTH, Change.NONE, Need.UNLESS_TIED));
    return rules;
  }

  /** Products are stored [inputs, outputs]. */
  private static List<TensorRule> gpt2() {
    String layer = "transformer.h.{l}.";
    List<TensorRule> rules = new ArrayList<>();
    rules.add(matrix("transformer.wte.weight", "token_embd.weight", Size.VOCAB, Size.WIDTH));
    rules.add(matrix("transformer.wpe.weight", "position_embd.weight", Size.CONTEXT, Size.WIDTH));
    rules.addAll(layerNorm(layer + "ln_1", BLOCK + "attn_norm", Need.REQUIRED));
    rules.addAll(biased(layer + "attn.c_attn", BLOCK + "attn_qkv", Size.QUERIES_KEYS_VALUES, Size.WIDTH, Change.TRANSPOSE));
    rules.addAll(biased(layer + "attn.c_proj", BLOCK + "attn_output", Size.WIDTH, Size.QUERIES, Change.TRANSPOSE));
    rules.addAll(layerNorm(layer + "ln_2", BLOCK + "ffn_norm", Need.REQUIRED));
    rules.addAll(biased(layer + "mlp.c_fc", BLOCK + "ffn_up", Size.FF, Size.WIDTH, Change.TRANSPOSE));
    rules.addAll(biased(layer + "mlp.c_proj", BLOCK + "ffn_down", Size.WIDTH, Size.FF, Change.TRANSPOSE));
    rules.addAll(layerNorm("transformer.ln_f", "output_norm", Need.REQUIRED));
    rules.add(rule("lm_head.weight", "output.weight", Size.VOCAB, Size.WIDTH, Change.NONE, Need.UNLESS_TIED));
    return rules;
  }

  private static List<TensorRule> falcon() {
    String layer = "transformer.h.{l}.";
    List<TensorRule> rules = new ArrayList<>();
    rules.add(matrix("transformer.word_embeddings.weight", "token_embd.weight", Size.VOCAB, Size.WIDTH));
    rules.addAll(layerNorm(layer + "input_layernorm", BLOCK + "attn_norm", Need.REQUIRED));
    rules.add(matrix(layer + "self_attention.query_key_value.weight", BLOCK + "attn_qkv.weight", Size.QUERIES_KEYS_VALUES, Size.WIDTH));
    rules.add(matrix(layer + "self_attention.dense.weight", BLOCK + "attn_output.weight", Size.WIDTH, Size.QUERIES));
    rules.add(matrix(layer + "mlp.dense_h_to_4h.weight", BLOCK + "ffn_up.weight", Size.FF, Size.WIDTH));
    rules.add(matrix(layer + "mlp.dense_4h_to_h.weight", BLOCK + "ffn_down.weight", Size.WIDTH, Size.FF));
    rules.addAll(layerNorm("transformer.ln_f", "output_norm", Need.REQUIRED));
    rules.add(rule("lm_head.weight", "output.weight", Size.VOCAB, Size.WIDTH, Change.NONE, Need.UNLESS_TIED));
    return rules;
  }

  private static void granite(ModelConfig config, Map<String, GgufValue> keys) {
    keys.put("attention.scale", GgufValue.of((float) config.json().requireDouble("attention_multiplier")));
    keys.put("embedding_scale", GgufValue.of((float) config.json().requireDouble("embedding_multiplier")));
    keys.put("residual_scale", GgufValue.of((float) config.json().requireDouble("residual_multiplier")));
    keys.put("logit_scale", GgufValue.of((float) config.json().requireDouble("logits_scaling")));
  }

  /** Every fourth layer goes without rotation, which the family takes for granted. */
  private static void smolLm3(ModelConfig config, Map<String, GgufValue> keys) {
    config.requireOneOf("no_rope_layer_interval", 4L);
    config.requireOneOf("use_sliding_window", false);
  }

  private static void stableLm(ModelConfig config, Map<String, GgufValue> keys) {
    config.requireOneOf("qk_layernorm", false);
    keys.put("use_parallel_residual", GgufValue.of(config.json().bool("use_parallel_residual", false)));
  }

  private static void starcoder2(ModelConfig config, Map<String, GgufValue> keys) {
    config.requireOneOf("use_bias", true);
    HuggingFaceFamilies.slidingWindow(config, keys);
  }

  private static void gpt2(ModelConfig config, Map<String, GgufValue> keys) {
    config.requireOneOf("scale_attn_weights", true);
    config.requireOneOf("scale_attn_by_inverse_layer_idx", false);
    config.requireOneOf("add_cross_attention", false);
  }

  private static void falcon(ModelConfig config, Map<String, GgufValue> keys) {
    config.requireOneOf("alibi", false);
    config.requireOneOf("bias", false);
    config.requireOneOf("parallel_attn", true);
    config.requireOneOf("multi_query", true);
    config.requireOneOf("new_decoder_architecture", false);
  }
}
