package dev.chaku;

import dev.chaku.arch.DecoderModule;
import dev.chaku.arch.DecoderSpec;
import dev.chaku.arch.TensorSpec;
import dev.chaku.data.EncodedExample;
import dev.chaku.data.PackedRow;
import dev.chaku.data.Packer;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.MemoryPlan;
import dev.chaku.internal.NativeTrainer;
import dev.chaku.internal.TrainerOptions;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.OutputFolder;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingPlan;
import dev.chaku.train.TrainingProgress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A training to be started: a model, data, settings and a folder for the output. Not thread-safe; the run that it starts
 * is independent of it.
 */
public final class Trainer {
  private final Model model;
  private LoraConfig lora = LoraConfig.rank(16);
  private boolean full;
  private GgmlType fullFormat = GgmlType.F32;
  private TrainingConfig config = TrainingConfig.defaults();
  private List<EncodedExample> examples = List.of();
  private List<EncodedExample> evalExamples = List.of();
  private double evalSplit;
  private final List<Consumer<TrainingProgress>> listeners = new ArrayList<>();
  private @Nullable Path output;
  private boolean resume;

  private Trainer(Model model) {
    this.model = model;
  }

  /** A training over this model, which must stay open until the run has ended. */
  public static Trainer on(Model model) {
    return new Trainer(model);
  }

  /** Trains a LoRA adapter over the frozen model; rank 16 on the seven products of each layer unless set. */
  public Trainer lora(LoraConfig newLora) {
    lora = newLora;
    full = false;
    return this;
  }

  /**
   * Trains every weight, as float32 copies, and writes a whole model: for small models.
   *
   * @param format of the matrices in the file that is written
   */
  public Trainer full(GgmlType format) {
    full = true;
    fullFormat = format;
    return this;
  }

  public Trainer config(TrainingConfig newConfig) {
    config = newConfig;
    return this;
  }

  /** What is trained on: sequences within the configured length. */
  public Trainer examples(List<EncodedExample> newExamples) {
    examples = List.copyOf(newExamples);
    return this;
  }

  /** What is validated on, never trained. */
  public Trainer evalExamples(List<EncodedExample> newExamples) {
    evalExamples = List.copyOf(newExamples);
    return this;
  }

  /**
   * Sets a share of the examples aside for validation, picked by the configured seed: at least one, never all.
   *
   * @param share in [0, 1); 0, the default, sets none aside
   */
  public Trainer evalSplit(double share) {
    if (!(share >= 0 && share < 1)) {
      throw new BadInputException("eval split: expected a share of at least 0 and less than 1, found " + share);
    }
    evalSplit = share;
    return this;
  }

  /** Calls the listener after every optimizer step, on the training's thread; it should return soon. */
  public Trainer onProgress(Consumer<TrainingProgress> listener) {
    listeners.add(listener);
    return this;
  }

  /** Where the run writes: a new or empty folder, or with resume the one of an earlier run. */
  public Trainer output(Path folder) {
    output = folder;
    return this;
  }

  /** Whether to go on from the newest whole checkpoint in the output folder; without one the run starts anew. */
  public Trainer resume(boolean on) {
    resume = on;
    return this;
  }

  /**
   * Computes what the training would do and take; trains nothing.
   *
   * @throws BadInputException if the data are empty, have nothing to train, hold a token past the vocabulary, or are longer
   *     than the settings or the model say
   */
  public TrainingPlan plan() {
    Trainer setup = prepare();
    MemoryPlan memory = NativeTrainer.plan(model.core(), setup.options());
    int rows = setup.rowsPerEpoch();
    return new TrainingPlan(
        setup.examples.size(),
        setup.examples.stream().mapToLong(EncodedExample::length).sum(),
        setup.examples.stream().mapToLong(Trainer::trainedTokens).sum(),
        rows,
        setup.totalSteps(rows),
        setup.trainedParameters(),
        memory.weightBytes(),
        memory.totalBytes() - memory.weightBytes(),
        memory.availableBytes());
  }

  /**
   * Starts the training on a thread of its own.
   *
   * @throws BadInputException as {@link #plan}, or if the output folder is in use
   * @throws ResourceException if memory or disk do not suffice; nothing was allocated then
   */
  public TrainingRun start() {
    if (output == null) {
      throw new IllegalStateException("a training needs an output folder");
    }
    Trainer setup = prepare();
    if (!resume) {
      OutputFolder.requireUnused(output);
    }
    NativeTrainer core = NativeTrainer.create(model.core(), setup.options());
    boolean started = false;
    try {
      OutputFolder folder = resume ? OutputFolder.reopen(output) : OutputFolder.create(output);
      folder.requireSpace(setup.bytesOnDisk());
      TrainingRun run = new TrainingRun(core, new TrainingLoop(setup, core, folder));
      run.begin();
      started = true;
      return run;
    } finally {
      if (!started) {
        core.close();
      }
    }
  }

  /** A copy that nobody alters, with the data checked and split. */
  private Trainer prepare() {
    if (examples.isEmpty()) {
      throw new BadInputException("no example to train on");
    }
    checkExamples("example", examples);
    checkExamples("validation example", evalExamples);
    Trainer copy = new Trainer(model);
    copy.lora = lora;
    copy.full = full;
    copy.fullFormat = fullFormat;
    copy.config = config;
    copy.listeners.addAll(listeners);
    copy.output = output;
    copy.resume = resume;
    // What trains nothing costs time, and a step of such alone would have no loss.
    copy.examples = withWeight(examples);
    copy.evalExamples = withWeight(evalExamples);
    if (evalSplit > 0) {
      copy.split(evalSplit);
    }
    if (config.earlyStopping() > 0 && copy.evalExamples.isEmpty()) {
      throw new BadInputException("early stopping needs validation examples, or a share of the examples set aside");
    }
    return copy;
  }

  private static List<EncodedExample> withWeight(List<EncodedExample> list) {
    return list.stream().filter(example -> example.weight() > 0).toList();
  }

  private void split(double share) {
    int aside = (int) Math.max(1, Math.round(share * examples.size()));
    if (aside >= examples.size()) {
      throw new BadInputException(
          "eval split: expected examples left to train on, found " + examples.size() + " in all, of which " + aside
              + " would be set aside");
    }
    List<EncodedExample> shuffled = new ArrayList<>(examples);
    Collections.shuffle(shuffled, new Random(config.seed()));
    evalExamples = Stream.concat(evalExamples.stream(), shuffled.subList(0, aside).stream()).toList();
    examples = List.copyOf(shuffled.subList(aside, shuffled.size()));
  }

  private void checkExamples(String what, List<EncodedExample> list) {
    int longest = Math.min(config.maxLength(), model.contextLength());
    double weight = 0;
    for (int i = 0; i < list.size(); i++) {
      EncodedExample example = list.get(i);
      if (example.length() > longest) {
        throw new BadInputException(
            what + " " + (i + 1) + ": expected at most " + longest + " tokens (max length " + config.maxLength()
                + ", context length of the model " + model.contextLength() + "), found " + example.length());
      }
      for (int token : example.tokens()) {
        if (token < 0 || token >= model.vocabSize()) {
          throw new BadInputException(
              what + " " + (i + 1) + ": expected token ids below " + model.vocabSize() + ", found " + token);
        }
      }
      weight += example.weight();
    }
    if (!list.isEmpty() && !(weight > 0)) {
      throw new BadInputException("no token of any " + what + " is trained: every weight is 0");
    }
  }

  /** What the run will have on disk at once: the result, the checkpoints kept and the one being written. */
  private long bytesOnDisk() {
    long values = trainedParameters() * Float.BYTES;
    long checkpoints = config.saveSteps() > 0 ? (config.keepCheckpoints() + 1L) * TrainerState.WHOLE.size() : 0;
    long best = config.earlyStopping() > 0 ? 2 : 0;
    return values * (1 + checkpoints + best);
  }

  private static long trainedTokens(EncodedExample example) {
    long n = 0;
    for (float weight : example.weights()) {
      n += weight > 0 ? 1 : 0;
    }
    return n;
  }

  private TrainerOptions options() {
    int targets = 0;
    for (LoraTarget target : lora.targets()) {
      targets |= 1 << module(target).id();
    }
    return new TrainerOptions(
        full ? TrainerOptions.Mode.FULL : TrainerOptions.Mode.LORA,
        longestRow(),
        lora.rank(),
        (float) lora.scale(),
        (float) lora.dropout(),
        targets,
        config.seed(),
        model.options().memoryLimitBytes());
  }

  private static DecoderModule module(LoraTarget target) {
    return switch (target) {
      case Q -> DecoderModule.ATTN_Q;
      case K -> DecoderModule.ATTN_K;
      case V -> DecoderModule.ATTN_V;
      case O -> DecoderModule.ATTN_OUTPUT;
      case GATE -> DecoderModule.FFN_GATE;
      case UP -> DecoderModule.FFN_UP;
      case DOWN -> DecoderModule.FFN_DOWN;
      case OUTPUT -> DecoderModule.OUTPUT;
    };
  }

  private long trainedParameters() {
    DecoderSpec spec = model.spec();
    if (full) {
      return spec.parameters();
    }
    long sum = 0;
    for (LoraTarget target : lora.targets()) {
      DecoderModule module = module(target);
      for (int layer = 0; layer < (module.inLayers() ? model.layers() : 1); layer++) {
        Optional<TensorSpec> weight = spec.weight(module.at(layer));
        TensorSpec base = weight.orElseGet(() -> spec.weight(DecoderModule.TOKEN_EMBEDDING.at(-1)).orElseThrow());
        sum += lora.rank() * (base.rows() + base.columns());
      }
    }
    return sum;
  }

  Packer packer() {
    return new Packer(config.batchTokens(), config.packing(), config.seed());
  }

  /** Rows of short data may not fill what is allowed; no row of any epoch is longer than the longest of the first. */
  private int longestRow() {
    return Stream.concat(packer().epoch(examples, 0).stream(), evalRows().stream())
        .mapToInt(PackedRow::length)
        .max()
        .orElseThrow();
  }

  /** The same in every epoch: best-fit decreasing depends on the lengths alone. */
  private int rowsPerEpoch() {
    return packer().epoch(examples, 0).size();
  }

  int totalSteps(int rowsPerEpoch) {
    int perEpoch = (rowsPerEpoch + config.gradAccumulation() - 1) / config.gradAccumulation();
    long all = (long) perEpoch * config.epochs();
    return (int) Math.min(config.maxSteps() > 0 ? config.maxSteps() : Integer.MAX_VALUE, all);
  }

  Model model() {
    return model;
  }

  TrainingConfig config() {
    return config;
  }

  LoraConfig lora() {
    return lora;
  }

  boolean isFull() {
    return full;
  }

  GgmlType fullFormat() {
    return fullFormat;
  }

  List<EncodedExample> examples() {
    return examples;
  }

  List<EncodedExample> evalExamples() {
    return evalExamples;
  }

  List<Consumer<TrainingProgress>> listeners() {
    return listeners;
  }

  List<PackedRow> evalRows() {
    return packer().pack(evalExamples);
  }

  boolean resumes() {
    return resume;
  }
}
