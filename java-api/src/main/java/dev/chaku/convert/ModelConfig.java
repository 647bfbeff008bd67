package dev.chaku.convert;

import dev.chaku.BadInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** The sizes and switches in {@code config.json}, under whatever name the family gives them. Immutable. */
final class ModelConfig {
  private static final int MOST = 1 << 24;

  /** What config.json may call the activation. */
  private static final List<String> ACTIVATION_KEYS =
      List.of("hidden_activation", "hidden_act", "activation_function", "activation");

  private final JsonFile json;
  private final OptionalInt vocab;

  private ModelConfig(JsonFile json, OptionalInt vocab) {
    this.json = json;
    this.vocab = vocab;
  }

  static ModelConfig read(Path file) {
    ModelConfig config = new ModelConfig(JsonFile.read(file), OptionalInt.empty());
    config.json.findObject("quantization_config").ifPresent(quantization -> {
      throw config.json.error(
          "quantization_config", "none (take the original model and quantize it afterwards)",
          quantization.findString("quant_method").orElse("one"));
    });
    return config;
  }

  JsonFile json() {
    return json;
  }

  /** The class that Hugging Face opens it with. */
  String architecture() {
    List<@Nullable Object> names = json.findList("architectures").orElse(List.of());
    if (names.size() != 1 || !(names.get(0) instanceof String name)) {
      throw json.error("architectures", "an array of one name", names);
    }
    return name;
  }

  int layers() {
    return count("num_hidden_layers", "n_layer");
  }

  int heads() {
    return count("num_attention_heads", "n_head");
  }

  int kvHeads() {
    if (json.bool("multi_query", false) && !json.bool("new_decoder_architecture", false)) {
      return 1;
    }
    return find("num_key_value_heads", "num_kv_heads").orElse(heads());
  }

  int headDim() {
    return find("head_dim").orElseGet(() -> {
      if (width() % heads() != 0) {
        throw json.error("num_attention_heads", "a divisor of the width " + width(), heads());
      }
      return width() / heads();
    });
  }

  int width() {
    return count("hidden_size", "n_embd");
  }

  int context() {
    return find("max_position_embeddings", "n_positions").orElse(2048);
  }

  int vocab() {
    return vocab.orElseGet(() -> count("vocab_size"));
  }

  /** The same with another number of tokens. */
  ModelConfig withVocab(int tokens) {
    return new ModelConfig(json, OptionalInt.of(tokens));
  }

  int ffWidth() {
    return find("intermediate_size", "n_inner", "ffn_hidden_size").orElseGet(() -> {
      if (json.has("n_embd") || json.has("multi_query")) {
        return 4 * width();
      }
      throw json.error("intermediate_size", "a positive integer", null);
    });
  }

  int experts() {
    return find("num_local_experts", "num_experts").orElse(0);
  }

  boolean tied(boolean otherwise) {
    return json.bool("tie_word_embeddings", otherwise);
  }

  /** Rotation: its keys stand in an object of their own in newer files. */
  JsonFile ropeParameters() {
    return json.findObject("rope_parameters").orElse(json);
  }

  double ropeTheta() {
    double theta = ropeParameters().findDouble("rope_theta").orElse(10000);
    if (!(theta > 0)) {
      throw json.error("rope_theta", "a positive number", theta);
    }
    return theta;
  }

  /** Dimensions of a head that are rotated. */
  int ropeDims() {
    double factor = ropeParameters().findDouble("partial_rotary_factor")
        .orElse(json.findDouble("partial_rotary_factor").orElse(1));
    int dims = (int) Math.round(headDim() * factor);
    if (dims < 2 || dims > headDim() || dims % 2 != 0) {
      throw json.error("partial_rotary_factor", "an even number of a head's " + headDim() + " dimensions", factor);
    }
    return dims;
  }

  long of(Size size) {
    return switch (size) {
      case ONE -> 1;
      case WIDTH -> width();
      case VOCAB -> vocab();
      case CONTEXT -> context();
      case HEAD -> headDim();
      case HEADS -> heads();
      case QUERIES -> (long) heads() * headDim();
      case KEYS -> (long) kvHeads() * headDim();
      case QUERIES_KEYS_VALUES -> (heads() + 2L * kvHeads()) * headDim();
      case FF -> ffWidth();
      case GATE_UP -> 2L * ffWidth();
      case EXPERTS -> experts();
      case EXPERT_FF -> count("moe_intermediate_size", "intermediate_size");
      case SHARED_FF -> count("shared_expert_intermediate_size");
    };
  }

  /** The first of these keys that is there. */
  int count(String... keys) {
    return find(keys).orElseThrow(() -> json.error(keys[0], "a positive integer", null));
  }

  private Optional<Integer> find(String... keys) {
    for (String key : keys) {
      if (json.has(key)) {
        int value = json.requireCount(key);
        if (value > MOST) {
          throw json.error(key, "at most " + MOST, value);
        }
        return Optional.of(value);
      }
    }
    return Optional.empty();
  }

  /** Refuses what would change the numbers: a key may be absent, null, or have one of these values. */
  void requireOneOf(String key, Object... values) {
    Object found = json.fields().get(key);
    if (found != null && !List.of(values).contains(found)) {
      StringBuilder expected = new StringBuilder(values.length == 0 ? "nothing" : "");
      for (Object value : values) {
        expected.append(expected.length() == 0 ? "" : " or ").append(value);
      }
      throw json.error(key, expected + " (others are not supported for " + architecture() + ")", found);
    }
  }

  /** Refuses an activation that is none of these. */
  void requireActivation(List<String> known) {
    ACTIVATION_KEYS.stream().filter(json::has).findFirst().ifPresent(key -> requireOneOf(key, known.toArray()));
  }

  BadInputException error(String key, String expected, @Nullable Object found) {
    return json.error(key, expected, found);
  }
}
