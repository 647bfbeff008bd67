package dev.chaku.convert;

import dev.chaku.BadInputException;
import dev.chaku.adapter.HeadRows;
import dev.chaku.adapter.PeftModules;
import dev.chaku.arch.DecoderModule;
import dev.chaku.convert.TensorRule.Change;
import dev.chaku.convert.TensorRule.Need;
import dev.chaku.gguf.GgufValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The families whose folders can be converted, as data. */
final class HuggingFaceFamilies {
  static final String LAYER = "model.layers.{l}.";
  private static final List<String> SILU = List.of("silu", "swish");
  private static final List<HuggingFaceFamily> LLAMA_LIKE = List.of(
      rms(List.of("LlamaForCausalLM", "MistralForCausalLM"), "llama", llamaLike("llama"), HuggingFaceFamilies::llama),
      rms(List.of("MixtralForCausalLM"), "llama", mixtral(), HuggingFaceFamilies::mixtral),
      rms(List.of("Qwen2ForCausalLM"), "qwen2", llamaLike("qwen2"), HuggingFaceFamilies::fullAttention),
      rms(List.of("Qwen3ForCausalLM"), "qwen3", headNorms(llamaLike("qwen3"), Change.NONE), HuggingFaceFamilies::fullAttention),
      rms(List.of("Qwen2MoeForCausalLM"), "qwen2moe", qwen2Moe(), HuggingFaceFamilies::qwenMoe),
      rms(List.of("Qwen3MoeForCausalLM"), "qwen3moe", qwen3Moe(), HuggingFaceFamilies::qwenMoe));

  private static final List<HuggingFaceFamily> ALL =
      Stream.of(LLAMA_LIKE, GemmaFamilies.ALL, OtherFamilies.ALL).flatMap(List::stream).toList();

  private HuggingFaceFamilies() {}

  /** @throws BadInputException if no family has the class; the message lists those that are known */
  static HuggingFaceFamily of(ModelConfig config) {
    String name = config.architecture();
    return ALL.stream()
        .filter(family -> family.classes().contains(name))
        .findFirst()
        .orElseThrow(() -> config.error("architectures", "one of " + classes().stream().collect(Collectors.joining(", ")), name));
  }

  /** Names under {@code architectures} that are known. */
  static List<String> classes() {
    return ALL.stream().flatMap(family -> family.classes().stream()).toList();
  }

  static HuggingFaceFamily rms(
      List<String> classes,
      String architecture,
      List<TensorRule> tensors,
      BiConsumer<ModelConfig, Map<String, GgufValue>> extra) {
    return new HuggingFaceFamily(classes, architecture, "rms_norm_eps", false, true, false, SILU, tensors, extra);
  }

  static TensorRule matrix(String from, String to, Size rows, Size columns) {
    return new TensorRule(from, to, rows, columns, Change.NONE, Need.REQUIRED);
  }

  static TensorRule vector(String from, String to, Size size) {
    return new TensorRule(from, to, Size.ONE, size, Change.NONE, Need.REQUIRED);
  }

  /** A product of the usual name and its bias, which may be absent but where the family always has it. */
  static List<TensorRule> product(String architecture, DecoderModule module, Size rows, Size columns) {
    Change change = !HeadRows.areReordered(architecture, module) ? Change.NONE
        : module == DecoderModule.ATTN_Q ? Change.QUERY_ROWS : Change.KEY_ROWS;
    String from = LAYER + PeftModules.nameInLayer(module);
    String to = "blk.{l}." + module.ggufName();
    Need bias = architecture.startsWith("qwen2") && module != DecoderModule.ATTN_OUTPUT && to.contains("attn_")
        ? Need.REQUIRED : Need.OPTIONAL;
    return List.of(
        new TensorRule(from + ".weight", to + ".weight", rows, columns, change, Need.REQUIRED),
        new TensorRule(from + ".bias", to + ".bias", Size.ONE, rows, change, bias));
  }

  static List<TensorRule> embedding() {
    return List.of(matrix("model.embed_tokens.weight", "token_embd.weight", Size.VOCAB, Size.WIDTH));
  }

  private static List<TensorRule> attention(String architecture) {
    List<TensorRule> rules = new ArrayList<>();
    rules.add(vector(LAYER + "input_layernorm.weight", "blk.{l}.attn_norm.weight", Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.ATTN_Q, Size.QUERIES, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.ATTN_K, Size.KEYS, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.ATTN_V, Size.KEYS, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.ATTN_OUTPUT, Size.WIDTH, Size.QUERIES));
    rules.add(vector(LAYER + "post_attention_layernorm.weight", "blk.{l}.ffn_norm.weight", Size.WIDTH));
    return rules;
  }

  static List<TensorRule> output() {
    return List.of(
        vector("model.norm.weight", "output_norm.weight", Size.WIDTH),
        new TensorRule("lm_head.weight", "output.weight", Size.VOCAB, Size.WIDTH, Change.NONE, Need.UNLESS_TIED));
  }

  static List<TensorRule> llamaLike(String architecture) {
    List<TensorRule> rules = new ArrayList<>(embedding());
    rules.addAll(attention(architecture));
    rules.addAll(product(architecture, DecoderModule.FFN_GATE, Size.FF, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.FFN_UP, Size.FF, Size.WIDTH));
    rules.addAll(product(architecture, DecoderModule.FFN_DOWN, Size.WIDTH, Size.FF));
    rules.addAll(output());
    return rules;
  }

  static List<TensorRule> headNorms(List<TensorRule> rules, Change change) {
    List<TensorRule> all = new ArrayList<>(rules);
    for (String which : List.of("q", "k")) {
      all.add(new TensorRule(
          LAYER + "self_attn." + which + "_norm.weight", "blk.{l}.attn_" + which + "_norm.weight", Size.ONE, Size.HEAD, change,
          Need.REQUIRED));
    }
    return all;
  }

  private static List<TensorRule> mixtral() {
    List<TensorRule> rules = new ArrayList<>(embedding());
    rules.addAll(attention("llama"));
    rules.addAll(experts(LAYER + "block_sparse_moe.", "w1", "w3", "w2"));
    rules.addAll(output());
    return rules;
  }

  private static List<TensorRule> experts(String block, String gate, String up, String down) {
    String expert = block + "experts.{e}.";
    return List.of(
        matrix(block + "gate.weight", "blk.{l}.ffn_gate_inp.weight", Size.EXPERTS, Size.WIDTH),
        stack(expert + gate, "ffn_gate_exps", Size.EXPERT_FF, Size.WIDTH),
        stack(expert + up, "ffn_up_exps", Size.EXPERT_FF, Size.WIDTH),
        stack(expert + down, "ffn_down_exps", Size.WIDTH, Size.EXPERT_FF));
  }

  private static TensorRule stack(String from, String to, Size rows, Size columns) {
    return new TensorRule(from + ".weight", "blk.{l}." + to + ".weight", rows, columns, Change.STACK, Need.REQUIRED);
  }

  private static List<TensorRule> qwen2Moe() {
    List<TensorRule> rules = new ArrayList<>(embedding());
    rules.addAll(attention("qwen2moe"));
    rules.addAll(experts(LAYER + "mlp.", "gate_proj", "up_proj", "down_proj"));
    String shared = LAYER + "mlp.shared_expert";
    rules.add(vector(shared + "_gate.weight", "blk.{l}.ffn_gate_inp_shexp.weight", Size.WIDTH));
    rules.add(matrix(shared + ".gate_proj.weight", "blk.{l}.ffn_gate_shexp.weight", Size.SHARED_FF, Size.WIDTH));
    rules.add(matrix(shared + ".up_proj.weight", "blk.{l}.ffn_up_shexp.weight", Size.SHARED_FF, Size.WIDTH));
    rules.add(matrix(shared + ".down_proj.weight", "blk.{l}.ffn_down_shexp.weight", Size.WIDTH, Size.SHARED_FF));
    rules.addAll(output());
    return rules;
  }

  private static List<TensorRule> qwen3Moe() {
    List<TensorRule> rules = new ArrayList<>(embedding());
    rules.addAll(attention("qwen3moe"));
    rules.addAll(experts(LAYER + "mlp.", "gate_proj", "up_proj", "down_proj"));
    rules.addAll(output());
    return headNorms(rules, Change.NONE);
  }

  private static void llama(ModelConfig config, Map<String, GgufValue> keys) {
    config.requireOneOf("pretraining_tp", 1L);
    slidingWindow(config, keys);
  }

  /** Whether a window shorter than the context is understood, the reader of the file decides. */
  static void slidingWindow(ModelConfig config, Map<String, GgufValue> keys) {
    config.json().findInt("sliding_window").ifPresent(window -> keys.put("attention.sliding_window", GgufValue.ofUint32(window)));
  }

  private static void mixtral(ModelConfig config, Map<String, GgufValue> keys) {
    llama(config, keys);
    keys.put("expert_count", GgufValue.ofUint32(config.of(Size.EXPERTS)));
    keys.put("expert_used_count", GgufValue.ofUint32(config.count("num_experts_per_tok")));
  }

  private static void fullAttention(ModelConfig config, Map<String, GgufValue> keys) {
    config.requireOneOf("use_sliding_window", false);
    for (Object kind : config.json().findList("layer_types").orElse(List.of())) {
      if (!"full_attention".equals(kind)) {
        throw config.error("layer_types", "full_attention alone", kind);
      }
    }
  }

  private static void qwenMoe(ModelConfig config, Map<String, GgufValue> keys) {
    fullAttention(config, keys);
    config.requireOneOf("decoder_sparse_step", 1L);
    config.requireOneOf("mlp_only_layers", List.of());
    // No key of GGUF says it: each family takes one of the two for granted.
    boolean normalized = config.architecture().startsWith("Qwen3");
    if (config.json().bool("norm_topk_prob", false) != normalized) {
      throw config.error(
          "norm_topk_prob", normalized + " (the other is not supported for " + config.architecture() + ")", !normalized);
    }
    keys.put("expert_count", GgufValue.ofUint32(config.of(Size.EXPERTS)));
    keys.put("expert_used_count", GgufValue.ofUint32(config.count("num_experts_per_tok")));
    keys.put("expert_feed_forward_length", GgufValue.ofUint32(config.of(Size.EXPERT_FF)));
    if (config.json().has("shared_expert_intermediate_size")) {
      keys.put("expert_shared_feed_forward_length", GgufValue.ofUint32(config.of(Size.SHARED_FF)));
    }
  }
}
