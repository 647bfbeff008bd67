package dev.chaku;

import dev.chaku.adapter.AdapterWeights;
import dev.chaku.adapter.GgufAdapters;
import dev.chaku.adapter.LoraPair;
import dev.chaku.adapter.PeftAdapters;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A LoRA adapter in memory, to be worn over a base model. Immutable and thread-safe. */
public final class Adapter {
  /** The adapter's file in the folder that a training writes. */
  public static final String FILE_NAME = "adapter.gguf";

  private final AdapterWeights weights;

  Adapter(AdapterWeights weights) {
    this.weights = weights;
  }

  /**
   * Reads a GGUF LoRA adapter, as Chaku and llama.cpp's converters write it.
   *
   * @param path the file, or a folder that holds {@value #FILE_NAME}
   * @throws BadInputException if there is none, or it is damaged
   */
  public static Adapter load(Path path) {
    Path file = Files.isDirectory(path) ? path.resolve(FILE_NAME) : path;
    if (file != path && !Files.exists(file) && PeftAdapters.isPeft(path)) {
      throw new BadInputException(path + ": expected a GGUF adapter, found one of PEFT; import it for its base first");
    }
    if (file != path && !Files.isRegularFile(file)) {
      throw new BadInputException(path + ": expected a folder with " + FILE_NAME + " in it, found none there");
    }
    return new Adapter(GgufAdapters.read(file));
  }

  /**
   * Reads a LoRA adapter as Hugging Face's PEFT writes it: a folder with {@code adapter_config.json} and {@code
   * adapter_model.safetensors}.
   *
   * @param base what it will be worn over: its family decides the order of rows
   * @throws BadInputException if a file is damaged, the adapter belongs to another base, or it is more than a LoRA file can
   *     say (DoRA, saved modules, trained embeddings or biases)
   */
  public static Adapter loadPeft(Path folder, Model base) {
    return new Adapter(PeftAdapters.read(folder, base.spec()));
  }

  /**
   * Writes a new folder that PEFT reads.
   *
   * @param base the model that it is worn over
   * @throws BadInputException if the folder exists, or the adapter belongs to another base
   * @throws ResourceException if the disk is full; nothing is left behind
   */
  public void savePeft(Path folder, Model base) {
    PeftAdapters.write(folder, weights, base.spec());
  }

  /**
   * Writes a GGUF LoRA adapter that llama.cpp reads too.
   *
   * @throws BadInputException if the file exists
   * @throws ResourceException if the disk is full; nothing is left behind
   */
  public void save(Path path) {
    Map<String, GgufValue> extra = new LinkedHashMap<>(weights.metadata().asMap());
    extra.keySet().removeIf(key -> key.startsWith("adapter.") || key.equals("general.type")
        || key.equals("general.architecture") || key.equals("general.alignment"));
    GgufAdapters.write(path, architecture(), alpha(), weights.pairs(), extra, false);
  }

  /** The family of its base, for instance {@code llama}. */
  public String architecture() {
    return weights.architecture();
  }

  /** The scale of a product is alpha / its rank. */
  public float alpha() {
    return weights.alpha();
  }

  /** The largest rank of its products. */
  public int rank() {
    return weights.pairs().stream().mapToInt(LoraPair::rank).max().orElse(0);
  }

  /** Number of products that it adapts. */
  public int adaptedProducts() {
    return weights.pairs().size();
  }

  /** Number of values in all A and B. */
  public long parameterCount() {
    return weights.pairs().stream().mapToLong(LoraPair::parameters).sum();
  }

  /** Key values of its file. */
  public GgufMetadata metadata() {
    return weights.metadata();
  }

  AdapterWeights weights() {
    return weights;
  }

  @Override
  public String toString() {
    return weights.source() + " (" + architecture() + ", rank " + rank() + ", " + adaptedProducts() + " products)";
  }
}
