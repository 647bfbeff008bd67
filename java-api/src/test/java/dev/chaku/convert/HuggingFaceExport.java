package dev.chaku.convert;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.chaku.adapter.Safetensors;
import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufTensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The way back, for tests: an F32 GGUF model as the folder that Hugging Face would have. It shares no table with the
 * converter.
 */
public final class HuggingFaceExport {
  private final GgufFile file;
  private final GgufMetadata metadata;
  private final String a;
  private final String className;
  private final Path folder;

  private HuggingFaceExport(Path model, String className, Path folder) {
    this.file = GgufFile.read(model);
    this.metadata = file.metadata();
    this.a = metadata.requireString("general.architecture") + ".";
    this.className = className;
    this.folder = folder;
  }

  /** Writes the folder, its tensors in two files with an index. */
  public static Path write(Path model, String className, Path folder) throws IOException {
    Files.createDirectories(folder);
    HuggingFaceExport export = new HuggingFaceExport(model, className, folder);
    export.config();
    export.tensors();
    export.tokenizer();
    return folder;
  }

  private int number(String key) {
    return metadata.requireInt(a + key);
  }

  private void config() throws IOException {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of(className));
    config.put(a.equals("gpt2.") ? "activation_function" : "hidden_act", activation());
    config.put("hidden_size", number("embedding_length"));
    config.put("intermediate_size", number("feed_forward_length"));
    config.put("num_hidden_layers", number("block_count"));
    config.put("num_attention_heads", number("attention.head_count"));
    config.put("num_key_value_heads", number("attention.head_count_kv"));
    config.put("max_position_embeddings", number("context_length"));
    String epsilon = metadata.has(a + "attention.layer_norm_epsilon") ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon";
    config.put(epsilonName(), metadata.requireDouble(a + epsilon));
    metadata.findDouble(a + "rope.freq_base").ifPresent(n -> config.put("rope_theta", n));
    config.put("vocab_size", number("vocab_size"));
    config.put("tie_word_embeddings", file.findTensor("output.weight").isEmpty());
    metadata.findInt(a + "attention.key_length").ifPresent(n -> config.put("head_dim", n));
    metadata.findInt(a + "expert_count").ifPresent(n -> config.put(className.startsWith("Mixtral") ? "num_local_experts" : "num_experts", n));
    metadata.findInt(a + "expert_used_count").ifPresent(n -> config.put("num_experts_per_tok", n));
    metadata.findInt(a + "expert_feed_forward_length").ifPresent(n -> config.put("moe_intermediate_size", n));
    metadata.findInt(a + "expert_shared_feed_forward_length").ifPresent(n -> config.put("shared_expert_intermediate_size", n));
    if (className.startsWith("Qwen3Moe")) {
      config.put("norm_topk_prob", true);
    }
    metadata.findString(a + "rope.scaling.type").ifPresent(type -> {
      Map<String, Object> scaling = new LinkedHashMap<>();
      scaling.put("rope_type", type);
      scaling.put("factor", metadata.requireDouble(a + "rope.scaling.factor"));
      metadata.findInt(a + "rope.scaling.original_context_length").ifPresent(n -> scaling.put("original_max_position_embeddings", n));
      config.put("rope_scaling", scaling);
    });
    special(config);
    json("config.json", config);
  }

  private String activation() {
    return switch (a) {
      case "gpt2." -> "gelu_new";
      case "falcon." -> "gelu";
      case "gemma.", "gemma2.", "gemma3.", "starcoder2." -> "gelu_pytorch_tanh";
      default -> "silu";
    };
  }

  private String epsilonName() {
    return switch (a) {
      case "gpt2.", "falcon." -> "layer_norm_epsilon";
      case "starcoder2." -> "norm_epsilon";
      case "stablelm." -> "layer_norm_eps";
      default -> "rms_norm_eps";
    };
  }

  /** What only some families have. */
  private void special(Map<String, Object> config) throws IOException {
    Map.of(
            "attention.sliding_window", "sliding_window", "attn_logit_softcapping", "attn_logit_softcapping",
            "final_logit_softcapping", "final_logit_softcapping", "attention.scale", "attention_multiplier",
            "embedding_scale", "embedding_multiplier", "residual_scale", "residual_multiplier", "logit_scale", "logits_scaling")
        .forEach((gguf, name) -> metadata.find(a + gguf).ifPresent(value -> config.put(
            name, gguf.endsWith("window") ? (Object) number(gguf) : (Object) metadata.requireDouble(a + gguf))));
    metadata.findBool(a + "use_parallel_residual").ifPresent(on -> config.put("use_parallel_residual", on));
    if (a.equals("stablelm.")) {
      config.put("partial_rotary_factor", (double) number("rope.dimension_count") * number("attention.head_count") / number("embedding_length"));
    }
    if (file.findTensor("rope_factors_long.weight").isPresent()) {
      Map<String, Object> scaling = new LinkedHashMap<>();
      scaling.put("type", "longrope");
      for (String which : List.of("long", "short")) {
        List<Double> factors = new ArrayList<>();
        FloatBuffer values = file.readTensor(file.requireTensor("rope_factors_" + which + ".weight")).asFloatBuffer();
        for (int i = 0; i < values.limit(); i++) {
          factors.add((double) values.get(i));
        }
        scaling.put(which + "_factor", factors);
      }
      scaling.put("attention_factor", metadata.requireDouble(a + "rope.scaling.attn_factor"));
      config.put("rope_scaling", scaling);
      config.put("original_max_position_embeddings", number("rope.scaling.original_context_length"));
    }
  }

  private void tensors() throws IOException {
    List<Safetensors.Source> all = new ArrayList<>();
    for (GgufTensor tensor : file.tensors()) {
      if (tensor.name().startsWith("rope_factors_")) {
        continue;
      }
      FloatBuffer values = file.readTensor(tensor).asFloatBuffer();
      String name = tensor.name();
      if (name.contains("_exps.")) {
        int each = values.limit() / (int) tensor.dim(2);
        for (int e = 0; e < tensor.dim(2); e++) {
          all.add(new Safetensors.Source(name(name).replace("{e}", "" + e), List.of(tensor.dim(1), tensor.dim(0)), values.slice(e * each, each)));
        }
      } else {
        boolean reordered = List.of("llama.", "granite.", "smollm3.").contains(a) && (name.contains("attn_q.") || name.contains("attn_k."));
        List<Long> shape = tensor.rank() == 1 ? List.of(tensor.dim(0)) : List.of(tensor.dim(1), tensor.dim(0));
        if (name.contains("gate_inp_shexp")) {
          shape = List.of(1L, tensor.dim(0));
        }
        FloatBuffer stored = reordered ? apart(values, tensor) : values;
        if (a.equals("gpt2.") && tensor.rank() == 2 && name.startsWith("blk.")) {
          stored = transposed(values, tensor);
          shape = List.of(tensor.dim(0), tensor.dim(1));
        } else if (a.startsWith("gemma") && name.endsWith("norm.weight")) {
          stored = lessOne(values);
        }
        all.add(new Safetensors.Source(name(name), shape, stored));
      }
    }
    int half = all.size() / 2;
    Safetensors.write(folder.resolve("model-00001-of-00002.safetensors"), Map.of("format", "pt"), all.subList(0, half));
    Safetensors.write(folder.resolve("model-00002-of-00002.safetensors"), Map.of("format", "pt"), all.subList(half, all.size()));
    Map<String, Object> places = new TreeMap<>();
    for (int i = 0; i < all.size(); i++) {
      places.put(all.get(i).name(), i < half ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors");
    }
    json("model.safetensors.index.json", Map.of("weight_map", places));
  }

  private static FloatBuffer transposed(FloatBuffer values, GgufTensor tensor) {
    int columns = (int) tensor.dim(0);
    int rows = (int) tensor.dim(1);
    float[] out = new float[values.limit()];
    for (int i = 0; i < out.length; i++) {
      out[i % columns * rows + i / columns] = values.get(i);
    }
    return FloatBuffer.wrap(out);
  }

  private static FloatBuffer lessOne(FloatBuffer values) {
    float[] out = new float[values.limit()];
    for (int i = 0; i < out.length; i++) {
      out[i] = values.get(i) - 1;
    }
    return FloatBuffer.wrap(out);
  }

  /** Neighbours of a head become its halves. */
  private FloatBuffer apart(FloatBuffer values, GgufTensor tensor) {
    int headDim = metadata.findInt(a + "attention.key_length").orElse(number("embedding_length") / number("attention.head_count"));
    int rows = (int) (tensor.rank() == 1 ? tensor.dim(0) : tensor.dim(1));
    int columns = values.limit() / rows;
    float[] out = new float[values.limit()];
    for (int row = 0; row < rows; row++) {
      int within = row % headDim;
      int to = row - within + (within % 2 == 0 ? within / 2 : headDim / 2 + within / 2);
      values.get(row * columns, out, to * columns, columns);
    }
    return FloatBuffer.wrap(out);
  }

  private String name(String gguf) {
    return switch (a) {
      case "gpt2." -> gguf.replaceFirst("^blk\\.", "h.").replace("token_embd", "wte").replace("position_embd", "wpe")
          .replace("output_norm", "ln_f").replace("attn_norm", "ln_1").replace("ffn_norm", "ln_2").replace("attn_qkv", "attn.c_attn")
          .replace("attn_output", "attn.c_proj").replace("ffn_up", "mlp.c_fc").replace("ffn_down", "mlp.c_proj");
      case "falcon." -> (gguf.startsWith("output.") ? "" : "transformer.") + gguf.replaceFirst("^blk\\.", "h.")
          .replace("token_embd", "word_embeddings").replace("output_norm", "ln_f").replaceFirst("^output\\.", "lm_head.")
          .replace("attn_norm", "input_layernorm").replace("attn_qkv", "self_attention.query_key_value")
          .replace("attn_output", "self_attention.dense").replace("ffn_up", "mlp.dense_h_to_4h").replace("ffn_down", "mlp.dense_4h_to_h");
      case "gemma2.", "gemma3." -> llamaName(gguf.replace("ffn_norm", "pre_feedforward_layernorm")
          .replace("post_attention_norm", "post_attention_layernorm").replace("post_ffw_norm", "post_feedforward_layernorm"));
      case "olmo2." -> llamaName(gguf.replace("post_attention_norm", "post_attention_layernorm")
          .replace("post_ffw_norm", "post_feedforward_layernorm"));
      case "phi3." -> llamaName(gguf.replace("attn_qkv", "self_attn.qkv_proj").replace("ffn_up", "mlp.gate_up_proj"));
      case "starcoder2." -> llamaName(gguf.replace("ffn_up", "mlp.c_fc").replace("ffn_down", "mlp.c_proj"));
      default -> llamaName(gguf);
    };
  }

  private String llamaName(String gguf) {
    String expert = className.startsWith("Mixtral") ? "block_sparse_moe." : "mlp.";
    String[] w = className.startsWith("Mixtral") ? new String[] {"w1", "w3", "w2"} : new String[] {"gate_proj", "up_proj", "down_proj"};
    return gguf.replaceFirst("^blk\\.", "model.layers.")
        .replace("token_embd", "model.embed_tokens")
        .replaceFirst("^output_norm", "model.norm")
        .replaceFirst("^output\\.", "lm_head.")
        .replace("attn_q_norm", "self_attn.q_norm").replace("attn_k_norm", "self_attn.k_norm")
        .replace("attn_norm", "input_layernorm").replace("ffn_norm", "post_attention_layernorm")
        .replace("attn_q.", "self_attn.q_proj.").replace("attn_k.", "self_attn.k_proj.").replace("attn_v.", "self_attn.v_proj.")
        .replace("attn_output", "self_attn.o_proj")
        .replace("ffn_gate_exps", expert + "experts.{e}." + w[0]).replace("ffn_up_exps", expert + "experts.{e}." + w[1])
        .replace("ffn_down_exps", expert + "experts.{e}." + w[2])
        .replace("ffn_gate_inp_shexp", "mlp.shared_expert_gate")
        .replace("ffn_gate_shexp", "mlp.shared_expert.gate_proj").replace("ffn_up_shexp", "mlp.shared_expert.up_proj")
        .replace("ffn_down_shexp", "mlp.shared_expert.down_proj")
        .replace("ffn_gate_inp", expert + "gate")
        .replace("ffn_gate.", "mlp.gate_proj.").replace("ffn_up.", "mlp.up_proj.").replace("ffn_down.", "mlp.down_proj.");
  }

  private void tokenizer() throws IOException {
    GgufArray.Strings tokens = metadata.requireStrings("tokenizer.ggml.tokens");
    int[] kinds = metadata.requireNumbers("tokenizer.ggml.token_type").toInts();
    Map<String, Object> settings = new LinkedHashMap<>();
    for (String name : List.of("bos", "eos")) {
      settings.put(name + "_token", tokens.get(metadata.requireInt("tokenizer.ggml." + name + "_token_id")));
    }
    metadata.findBool("tokenizer.ggml.add_bos_token").ifPresent(on -> settings.put("add_bos_token", on));
    json("tokenizer_config.json", settings);
    if (metadata.requireString("tokenizer.ggml.model").equals("llama")) {
      Files.write(folder.resolve("tokenizer.model"), sentencePiece(tokens, metadata.requireNumbers("tokenizer.ggml.scores").toFloats(), kinds));
      return;
    }
    Map<String, Object> vocabulary = new LinkedHashMap<>();
    List<Object> added = new ArrayList<>();
    for (int id = 0; id < tokens.size(); id++) {
      if (kinds[id] == 3) {
        added.add(Map.of("id", id, "content", tokens.get(id), "special", true));
      } else {
        vocabulary.put(tokens.get(id), id);
      }
    }
    Object merges = metadata.requireStrings("tokenizer.ggml.merges").toList();
    String pattern = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    Map<String, Object> split = Map.of("type", "Split", "pattern", Map.of("Regex", pattern), "behavior", "Isolated", "invert", false);
    Map<String, Object> bytes = Map.of("type", "ByteLevel", "add_prefix_space", false, "use_regex", false);
    json("tokenizer.json", Map.of(
        "added_tokens", added,
        "pre_tokenizer", Map.of("type", "Sequence", "pretokenizers", List.of(split, bytes)),
        "model", Map.of("type", "BPE", "vocab", vocabulary, "merges", merges)));
  }

  /** A protocol buffer of pieces, and of the model type. */
  static byte[] sentencePiece(GgufArray.Strings tokens, float[] scores, int[] kinds) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int id = 0; id < tokens.size(); id++) {
      ByteArrayOutputStream piece = new ByteArrayOutputStream();
      byte[] text = tokens.get(id).getBytes(StandardCharsets.UTF_8);
      piece.write(1 << 3 | 2);
      piece.write(text.length);
      piece.writeBytes(text);
      piece.write(2 << 3 | 5);
      piece.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(scores[id]).array());
      piece.write(3 << 3);
      piece.write(kinds[id]);
      out.write(1 << 3 | 2);
      out.write(piece.size());
      out.writeBytes(piece.toByteArray());
    }
    out.writeBytes(new byte[] {2 << 3 | 2, 2, 3 << 3, 2});
    return out.toByteArray();
  }

  private void json(String name, Object value) throws IOException {
    json(folder.resolve(name), value);
  }

  /** Writes maps, lists, texts, numbers and truth values. */
  public static void json(Path path, Object value) throws IOException {
    try (JsonGenerator json = new JsonFactory().createGenerator(Files.newBufferedWriter(path))) {
      write(json, value);
    }
  }

  private static void write(JsonGenerator json, Object value) throws IOException {
    if (value instanceof Map<?, ?> map) {
      json.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        json.writeFieldName(entry.getKey().toString());
        write(json, entry.getValue());
      }
      json.writeEndObject();
    } else if (value instanceof List<?> list) {
      json.writeStartArray();
      for (Object element : list) {
        write(json, element);
      }
      json.writeEndArray();
    } else if (value instanceof Integer number) {
      json.writeNumber(number);
    } else if (value instanceof Long number) {
      json.writeNumber(number);
    } else if (value instanceof Double number) {
      json.writeNumber(number);
    } else if (value instanceof Boolean bool) {
      json.writeBoolean(bool);
    } else {
      json.writeString(value.toString());
    }
  }
}
