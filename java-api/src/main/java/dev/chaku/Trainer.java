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
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
   * @throws BadInputException if the data are empty, hold a token past the vocabulary, or are longer than the settings say
   */
  public TrainingPlan plan() {
    checkData();
    MemoryPlan memory = NativeTrainer.plan(model.core(), options());
    int rows = rowsPerEpoch();
    return new TrainingPlan(
        examples.size(),
        examples.stream().mapToLong(EncodedExample::length).sum(),
        examples.stream().mapToLong(Trainer::trainedTokens).sum(),
        rows,
        totalSteps(rows),
        trainedParameters(),
        memory.weightBytes(),
        memory.totalBytes() - memory.weightBytes(),
        memory.availableBytes());
  }

  /**
   * Starts the training on a thread of its own.
   *
   * @throws BadInputException as {@link #plan}, or if the output folder is in use
   * @throws ResourceException if memory does not suffice; nothing was allocated then
   */
  public TrainingRun start() {
    if (output == null) {
      throw new IllegalStateException("a training needs an output folder");
    }
    checkData();
    NativeTrainer core = NativeTrainer.create(model.core(), options());
    boolean started = false;
    try {
      OutputFolder folder = resume ? OutputFolder.reopen(output) : OutputFolder.create(output);
      TrainingLoop loop = new TrainingLoop(this, core, folder);
      TrainingRun run = new TrainingRun(core, loop);
      run.begin();
      started = true;
      return run;
    } finally {
      if (!started) {
        core.close();
      }
    }
  }

  private void checkData() {
    if (examples.isEmpty()) {
      throw new BadInputException("no example to train on");
    }
    checkExamples("example", examples);
    checkExamples("validation example", evalExamples);
  }

  private void checkExamples(String what, List<EncodedExample> list) {
    double weight = 0;
    for (int i = 0; i < list.size(); i++) {
      EncodedExample example = list.get(i);
      if (example.length() > config.maxLength()) {
        throw new BadInputException(
            what + " " + (i + 1) + ": expected at most " + config.maxLength() + " tokens, found " + example.length());
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
        config.batchTokens(),
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

  List<PackedRow> evalRows() {
    return packer().pack(evalExamples);
  }

  boolean resumes() {
    return resume;
  }
}
