package dev.chaku.adapter;

import dev.chaku.BadInputException;
import dev.chaku.ResourceException;
import dev.chaku.adapter.PeftExperts.Expert;
import dev.chaku.arch.DecoderModule;
import dev.chaku.arch.DecoderModule.Place;
import dev.chaku.arch.DecoderSpec;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * LoRA adapters as Hugging Face's PEFT writes them: a folder with {@code adapter_config.json} and {@code
 * adapter_model.safetensors}.
 *
 * <p>A GGUF file has one alpha and scales each product with alpha / its rank. PEFT's rsLoRA and alpha patterns become that
 * where one alpha says it all (rsLoRA of one rank: alpha * sqrt(rank)); otherwise the rest of the scale is multiplied into
 * B.
 */
public final class PeftAdapters {
  private static final String WEIGHTS = "adapter_model.safetensors";

  /** Families whose modules Hugging Face does not name as it does a llama's. */
  private static final Set<String> OTHER_NAMES =
      Set.of("gpt2", "falcon", "gptneox", "mpt", "bloom", "phi2", "starcoder2");

  private PeftAdapters() {}

  /** Whether a folder holds a PEFT adapter. */
  public static boolean isPeft(Path folder) {
    return Files.isRegularFile(folder.resolve(PeftConfig.FILE_NAME));
  }

  /**
   * Reads an adapter for a base.
   *
   * @param spec the base: its family decides the order of rows
   * @throws BadInputException if a file is damaged, the adapter belongs to another base, or it is more than low-rank
   *     additions (DoRA, saved modules, trained embeddings); the message names the setting or tensor
   */
  public static AdapterWeights read(Path folder, DecoderSpec spec) {
    requireKnownNames(spec);
    PeftConfig config = PeftConfig.read(folder.resolve(PeftConfig.FILE_NAME));
    Safetensors file = Safetensors.read(folder.resolve(WEIGHTS));
    Map<Expert, Halves> modules = new LinkedHashMap<>();
    for (Safetensors.Tensor tensor : file.tensors().values()) {
      collect(file, tensor, modules);
    }
    if (modules.isEmpty()) {
      throw new BadInputException(file.path() + ": expected tensors of LoRA modules, found none");
    }
    float alpha = commonAlpha(config, modules.values());
    List<LoraPair> pairs = new ArrayList<>();
    Map<Expert, LoraPair> experts = new LinkedHashMap<>();
    Map<String, GgufValue> metadata = new LinkedHashMap<>();
    if (!config.base().isEmpty()) {
      metadata.put("general.base_model.count", GgufValue.ofUint32(1));
      metadata.put("general.base_model.0.name", GgufValue.of(config.base()));
    }
    modules.forEach(
        (expert, halves) -> {
          LoraPair pair = halves.pair(file, expert.place(), config, alpha);
          if (expert.place().module().isStacked()) {
            experts.put(expert, pair);
          } else {
            pairs.add(pair);
          }
        });
    pairs.addAll(PeftExperts.stack(folder.toString(), experts, spec));
    AdapterWeights raw =
        new AdapterWeights(
            folder.toString(), spec.architecture(), alpha, pairs, new GgufMetadata(folder.toString(), metadata));
    raw.requireFits(spec);
    return raw.withPairs(pairs.stream().map(pair -> HeadRows.toGguf(pair, spec)).toList());
  }

  private static void requireKnownNames(DecoderSpec spec) {
    if (OTHER_NAMES.contains(spec.architecture())) {
      throw new BadInputException(
          "PEFT adapters: Hugging Face calls the modules of " + spec.architecture()
              + " by names that this version does not know; adapters of this family are exchanged as GGUF files");
    }
  }

  private static void collect(Safetensors file, Safetensors.Tensor tensor, Map<Expert, Halves> modules) {
    PeftModules.Half half =
        PeftModules.parseTensor(tensor.name())
            .orElseThrow(
                () ->
                    new BadInputException(
                        file.path() + ": tensor '" + tensor.name() + "' is no LoRA matrix of a linear module; magnitudes "
                            + "(DoRA), saved modules and embeddings cannot be part of a LoRA file, merge them first"));
    Expert place =
        PeftExperts.parse(half.module())
            .or(() -> PeftModules.place(half.module()).map(found -> new Expert(found, 0)))
            .orElseThrow(
                () ->
                    new BadInputException(
                        file.path() + ": tensor '" + tensor.name() + "': this version adapts no module '" + half.module()
                            + "'; it adapts q, k, v, o, gate, up and down projections, those of experts, and lm_head"));
    Halves halves = modules.computeIfAbsent(place, unused -> new Halves(half.module()));
    if (tensor.shape().size() != 2 || tensor.shape().stream().anyMatch(size -> size < 1 || size > Integer.MAX_VALUE)) {
      throw new BadInputException(
          file.path() + ": tensor '" + tensor.name() + "': expected 2 dimensions of at least 1, found " + tensor.shape());
    }
    if ((half.isA() ? halves.a : halves.b) != null) {
      throw new BadInputException(file.path() + ": tensor '" + tensor.name() + "': a second one of its module");
    }
    if (half.isA()) {
      halves.a = tensor;
    } else {
      halves.b = tensor;
    }
  }

  /** What was found of a module. */
  private static final class Halves {
    private final String module;
    private Safetensors.@Nullable Tensor a;
    private Safetensors.@Nullable Tensor b;

    Halves(String module) {
      this.module = module;
    }

    LoraPair pair(Safetensors file, Place place, PeftConfig config, float alpha) {
      if (a == null || b == null) {
        throw new BadInputException(
            file.path() + ": module " + module + ": expected lora_A and lora_B, found only lora_" + (a == null ? "B" : "A"));
      }
      int rank = Math.toIntExact(a.shape().get(0));
      if (rank != b.shape().get(1) || rank != config.rankOf(module)) {
        throw new BadInputException(
            file.path() + ": module " + module + ": expected rank " + Math.round(config.rankOf(module))
                + " by the configuration, found lora_A " + a.shape() + " and lora_B " + b.shape());
      }
      float[] bValues = file.floats(b.name());
      double wanted = config.scaleOf(module) * rank;
      if ((float) wanted != alpha) {
        double rest = wanted / alpha;
        for (int i = 0; i < bValues.length; i++) {
          bValues[i] = (float) (bValues[i] * rest);
        }
      }
      return new LoraPair(
          place,
          rank,
          Math.toIntExact(a.shape().get(1)),
          Math.toIntExact(b.shape().get(0)),
          file.floats(a.name()),
          bValues);
    }
  }

  /** The alpha that says the scales of most modules, so that B is altered in as few as can be. */
  private static float commonAlpha(PeftConfig config, Iterable<Halves> modules) {
    Map<Float, Integer> votes = new LinkedHashMap<>();
    for (Halves halves : modules) {
      votes.merge((float) (config.scaleOf(halves.module) * config.rankOf(halves.module)), 1, Integer::sum);
    }
    return votes.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  /**
   * Writes an adapter as a new folder, whole or not at all.
   *
   * @param spec the base of the adapter
   * @throws BadInputException if the folder exists, or the adapter belongs to another base
   * @throws ResourceException if it cannot be written
   */
  public static void write(Path folder, AdapterWeights adapter, DecoderSpec spec) {
    requireKnownNames(spec);
    adapter.requireFits(spec);
    adapter = adapter.withPairs(FusedProducts.named(adapter.pairs(), spec));
    if (Files.exists(folder)) {
      throw new BadInputException(folder + ": exists already and is not overwritten; choose another name or delete it");
    }
    Path absolute = folder.toAbsolutePath();
    Path beside = absolute.resolveSibling("." + absolute.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      Files.createDirectory(beside);
      Safetensors.write(beside.resolve(WEIGHTS), Map.of("format", "pt"), sources(adapter, spec));
      writeForced(beside.resolve(PeftConfig.FILE_NAME), config(adapter, spec).json(targetModules(adapter, spec)));
      Files.move(beside, absolute, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw ResourceException.notWritten(folder, e);
    } finally {
      deleteQuietly(beside);
    }
  }

  private static List<Safetensors.Source> sources(AdapterWeights adapter, DecoderSpec spec) {
    // Sorted by name, as the reference writer does.
    Map<String, Safetensors.Source> sources = new TreeMap<>();
    for (LoraPair pair : adapter.pairs()) {
      if (pair.place().module().isStacked()) {
        for (int e = 0; e < pair.experts(); e++) {
          String module = PeftModules.expertModule(pair.place(), e, spec.architecture());
          addSources(sources, module, PeftExperts.one(pair, e));
        }
      } else {
        addSources(sources, PeftModules.module(pair.place()), HeadRows.toHuggingFace(pair, spec));
      }
    }
    return List.copyOf(sources.values());
  }

  private static void addSources(Map<String, Safetensors.Source> sources, String module, LoraPair pair) {
    String a = PeftModules.tensor(module, true);
    String b = PeftModules.tensor(module, false);
    List<Long> aShape = List.of((long) pair.rank(), (long) pair.inputs());
    List<Long> bShape = List.of((long) pair.outputs(), (long) pair.rank());
    sources.put(a, new Safetensors.Source(a, aShape, FloatBuffer.wrap(pair.a())));
    sources.put(b, new Safetensors.Source(b, bShape, FloatBuffer.wrap(pair.b())));
  }

  /** One alpha serves all modules in PEFT too; ranks other than the largest go by name. */
  private static PeftConfig config(AdapterWeights adapter, DecoderSpec spec) {
    int rank = adapter.pairs().stream().mapToInt(LoraPair::rank).max().orElseThrow();
    Map<String, Double> ranks = new LinkedHashMap<>();
    for (LoraPair pair : adapter.pairs()) {
      if (pair.rank() != rank) {
        for (String module : modules(pair, spec)) {
          ranks.put(module, (double) pair.rank());
        }
      }
    }
    String base = adapter.metadata().findString("general.base_model.0.name").orElse("");
    return new PeftConfig(rank, adapter.alpha(), false, ranks, Map.of(), base);
  }

  /** Short names for what every layer has, full names otherwise. */
  private static List<String> targetModules(AdapterWeights adapter, DecoderSpec spec) {
    Map<DecoderModule, Set<String>> byModule = new TreeMap<>();
    for (LoraPair pair : adapter.pairs()) {
      byModule
          .computeIfAbsent(pair.place().module(), unused -> new LinkedHashSet<>())
          .addAll(modules(pair, spec));
    }
    List<String> names = new ArrayList<>();
    byModule.forEach(
        (module, places) -> {
          if (module.isStacked()) {
            names.addAll(expertNames(module, places, spec));
          } else if (!module.inLayers() || places.size() == spec.layers().size()) {
            names.add(PeftModules.leaf(module));
          } else {
            names.addAll(places);
          }
        });
    return names;
  }

  /** The full names of the modules that a pair adapts. */
  private static List<String> modules(LoraPair pair, DecoderSpec spec) {
    return pair.place().module().isStacked()
        ? IntStream.range(0, pair.experts())
            .mapToObj(e -> PeftModules.expertModule(pair.place(), e, spec.architecture()))
            .toList()
        : List.of(PeftModules.module(pair.place()));
  }

  /** Experts of all layers by their names within one. */
  private static Collection<String> expertNames(DecoderModule module, Set<String> places, DecoderSpec spec) {
    int experts = spec.stacked(module.at(0));
    if (places.size() != (long) experts * spec.layers().size()) {
      return places;
    }
    return IntStream.range(0, experts)
        .mapToObj(e -> PeftExperts.withinLayer(module, e, spec.architecture()))
        .map(name -> name.substring(name.indexOf('.') + 1))
        .toList();
  }

  private static void writeForced(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  private static void deleteQuietly(Path folder) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      System.getLogger(PeftAdapters.class.getName())
          .log(System.Logger.Level.WARNING, folder + ": cannot be deleted: " + e.getMessage());
    }
  }
}
