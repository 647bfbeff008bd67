package dev.chaku.convert;

import dev.chaku.BadInputException;
import dev.chaku.adapter.Safetensors;
import dev.chaku.arch.FormatMix;
import dev.chaku.gguf.GgufValue;
import dev.chaku.quantize.RowSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Reads a model as Hugging Face stores it: config.json, safetensors files and those of the tokenizer. */
public final class HuggingFaceModel {
  /** What can be computed from the sizes, and is stored by some versions all the same. */
  private static final Pattern HARMLESS =
      Pattern.compile(".*\\.rotary_emb\\.inv_freq|.*\\.attn\\.(bias|masked_bias)|.*\\.self_attention\\.(bias|masked_bias)");

  private final ModelConfig config;
  private final HuggingFaceFamily family;
  private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
  private final List<ModelOutline.Tensor> tensors = new ArrayList<>();

  private HuggingFaceModel(ModelConfig config) {
    this.config = config;
    this.family = HuggingFaceFamilies.of(config);
    config.requireActivation(family.activations());
  }

  /** A model that was read: what the file is to be, and the format of its matrices now. */
  public record Found(ModelOutline outline, FormatMix format) {}

  /** Names under {@code architectures} in config.json that are known. */
  public static List<String> classes() {
    return HuggingFaceFamilies.classes();
  }

  /**
   * Reads a folder.
   *
   * @throws BadInputException if a file or tensor is missing, damaged or of another shape than config.json says, or the
   *     model is of no known family or uses something that is not understood; the message names it
   */
  public static Found read(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new BadInputException(folder + ": expected a folder with config.json and safetensors files, found none");
    }
    HuggingFaceModel model = new HuggingFaceModel(ModelConfig.read(folder.resolve("config.json")));
    SafetensorsFolder files = SafetensorsFolder.read(folder);
    Path name = folder.toAbsolutePath().normalize().getFileName();
    model.describe(name == null ? "model" : name.toString());
    HuggingFaceTokenizer.read(folder, model.config).describe(model.metadata);
    model.pick(files);
    return new Found(new ModelOutline(model.metadata, model.tensors), format(files));
  }

  /**
   * The model of a config.json with every tensor that must be there, from another source, and no tokenizer.
   *
   * @param vocab number of tokens, whatever config.json says
   * @param source of each tensor, by its GGUF name and dimensions
   */
  public static ModelOutline outline(Path configFile, int vocab, TensorSource source) {
    HuggingFaceModel model = new HuggingFaceModel(ModelConfig.read(configFile).withVocab(vocab));
    model.describe("random " + model.family.architecture());
    boolean tied = model.config.tied(model.family.tied());
    for (int l = -1; l < model.config.layers(); l++) {
      for (TensorRule rule : model.family.tensors()) {
        boolean there = rule.need() == TensorRule.Need.REQUIRED || (rule.need() == TensorRule.Need.UNLESS_TIED && !tied);
        if (there && rule.isInLayers() == l >= 0) {
          long[] dims = model.dims(rule);
          model.tensors.add(new ModelOutline.Tensor(rule.target(l), dims, source.of(rule.target(l), dims)));
        }
      }
    }
    model.addFactors();
    return new ModelOutline(model.metadata, model.tensors);
  }

  /** Gives numbers to tensors. */
  @FunctionalInterface
  public interface TensorSource {
    RowSource of(String name, long[] dims);
  }

  /** The type in which most models keep everything decides: that of the first tensor. */
  private static FormatMix format(SafetensorsFolder files) {
    String dtype = files.require(files.names().iterator().next()).dtype();
    return switch (dtype) {
      case "F32" -> FormatMix.F32;
      case "F16" -> FormatMix.F16;
      default -> FormatMix.BF16;
    };
  }

  private void describe(String name) {
    String a = family.architecture() + ".";
    metadata.put("general.architecture", GgufValue.of(family.architecture()));
    metadata.put("general.type", GgufValue.of("model"));
    metadata.put("general.name", GgufValue.of(name));
    metadata.put(a + "block_count", GgufValue.ofUint32(config.layers()));
    metadata.put(a + "context_length", GgufValue.ofUint32(config.context()));
    metadata.put(a + "embedding_length", GgufValue.ofUint32(config.width()));
    metadata.put(a + "feed_forward_length", GgufValue.ofUint32(config.ffWidth()));
    metadata.put(a + "attention.head_count", GgufValue.ofUint32(config.heads()));
    metadata.put(a + "attention.head_count_kv", GgufValue.ofUint32(config.kvHeads()));
    metadata.put(
        a + (family.layerNorm() ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"),
        GgufValue.of((float) config.json().requireDouble(family.epsilonKey())));
    metadata.put(a + "vocab_size", GgufValue.ofUint32(config.vocab()));
    if (config.json().has("head_dim")) {
      metadata.put(a + "attention.key_length", GgufValue.ofUint32(config.headDim()));
      metadata.put(a + "attention.value_length", GgufValue.ofUint32(config.headDim()));
    }
    Map<String, GgufValue> more = new LinkedHashMap<>();
    if (family.rotary()) {
      more.put("rope.dimension_count", GgufValue.ofUint32(config.ropeDims()));
      more.put("rope.freq_base", GgufValue.of((float) config.ropeTheta()));
      more.putAll(RopeKeys.of(config).keys());
    }
    family.extra().accept(config, more);
    more.forEach((key, value) -> metadata.put(a + key, value));
  }

  private void pick(SafetensorsFolder files) {
    Set<String> understood = new HashSet<>();
    boolean tied = config.tied(family.tied());
    for (int l = -1; l < config.layers(); l++) {
      for (TensorRule rule : family.tensors()) {
        if (rule.isInLayers() == l >= 0) {
          sources(rule, l).forEach(name -> understood.add(files.resolve(name)));
          boolean there = rule.need() == TensorRule.Need.OPTIONAL ? files.has(rule.source(l, 0))
              : rule.need() == TensorRule.Need.REQUIRED || !tied;
          if (there) {
            add(files, rule, l);
          }
        }
      }
    }
    addFactors();
    for (String name : files.names()) {
      if (!understood.contains(name) && !HARMLESS.matcher(name).matches()) {
        throw new BadInputException(
            files.fileOf(name) + ": tensor '" + name + "' is not supported for " + config.architecture()
                + " and may change the results");
      }
    }
  }

  private void addFactors() {
    RopeKeys.of(config).factors().forEach(
        (name, values) -> tensors.add(
            new ModelOutline.Tensor(name, new long[] {values.length}, (row, target, scratch) -> target.put(values))));
  }

  private List<String> sources(TensorRule rule, int layer) {
    int experts = rule.change() == TensorRule.Change.STACK ? config.experts() : 1;
    return IntStream.range(0, experts).mapToObj(e -> rule.source(layer, e)).toList();
  }

  private void add(SafetensorsFolder files, TensorRule rule, int layer) {
    List<String> names = sources(rule, layer);
    if (names.isEmpty()) {
      throw config.error("num_experts", "a positive integer", config.experts());
    }
    names.forEach(name -> requireShape(files, rule, name));
    tensors.add(new ModelOutline.Tensor(rule.target(layer), dims(rule), rows(files, rule, names)));
  }

  private RowSource rows(SafetensorsFolder files, TensorRule rule, List<String> names) {
    String name = names.get(0);
    long rows = config.of(rule.rows());
    long columns = config.of(rule.columns());
    RowSource plain = ChangedRows.plain(files, name, columns);
    return switch (rule.change()) {
      case NONE -> plain;
      case QUERY_ROWS, KEY_ROWS -> rule.isVector()
          ? ChangedRows.headValues(files, name, config.headDim())
          : ChangedRows.headRows(files, name, columns, config.headDim());
      case PLUS_ONE -> ChangedRows.plusOne(plain);
      case TRANSPOSE -> ChangedRows.transposed(files, name, rows, columns);
      case STACK -> ChangedRows.stacked(files, names, rows, columns);
    };
  }

  private long[] dims(TensorRule rule) {
    long rows = config.of(rule.rows());
    long columns = config.of(rule.columns());
    if (rule.change() == TensorRule.Change.STACK) {
      return new long[] {columns, rows, config.experts()};
    }
    return rule.isVector() ? new long[] {columns} : new long[] {columns, rows};
  }

  private void requireShape(SafetensorsFolder files, TensorRule rule, String name) {
    Safetensors.Tensor tensor = files.require(name);
    long rows = config.of(rule.rows());
    long columns = config.of(rule.columns());
    List<Long> expected = rule.isVector() ? List.of(columns)
        : rule.change() == TensorRule.Change.TRANSPOSE ? List.of(columns, rows) : List.of(rows, columns);
    boolean fits = tensor.shape().equals(expected) || (rule.isVector() && tensor.shape().equals(List.of(1L, columns)));
    if (!fits) {
      throw new BadInputException(
          files.fileOf(name) + ": tensor '" + name + "' expects the shape " + expected + " by config.json, found "
              + tensor.shape());
    }
  }
}
