package dev.chaku;

import dev.chaku.arch.DecoderModule;
import dev.chaku.arch.DecoderSpec;
import dev.chaku.arch.TensorSpec;
import dev.chaku.data.PackedRows;
import dev.chaku.data.Packer;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.TrainerOptions;
import dev.chaku.train.LoraConfig;
import dev.chaku.train.LoraTarget;
import dev.chaku.train.TrainingConfig;
import java.util.Optional;

/**
 * All that a run is given. Immutable.
 *
 * @param lora of no meaning in a full training
 * @param full whether every weight is trained
 * @param fullFormat of the matrices that a full training writes
 * @param resume whether to go on from a checkpoint
 */
record TrainingSetup(
    Model model,
    LoraConfig lora,
    boolean full,
    GgmlType fullFormat,
    TrainingConfig config,
    TrainingData data,
    boolean resume) {

  /** What the run will have on disk at once: the result, the checkpoints kept and the one being written. */
  long bytesOnDisk() {
    long values = trainedParameters() * Float.BYTES;
    int each = TrainerState.WHOLE.size() + (full ? 0 : 1);
    long checkpoints = config.saveSteps() > 0 ? (config.keepCheckpoints() + 1L) * each : 0;
    long best = config.earlyStopping() > 0 ? 2 : 0;
    return values * (1 + checkpoints + best);
  }

  /** What the core is told. */
  TrainerOptions options() {
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

  /** Values that are trained. */
  long trainedParameters() {
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

  /** The rows of the first epoch; every epoch has as many, and none is longer than the longest of these. */
  PackedRows firstEpoch() {
    return packer().epoch(data.examples(), 0);
  }

  /** Rows of short data may not fill what is allowed. */
  private int longestRow() {
    return Math.max(firstEpoch().longest(), evalRows().longest());
  }

  /** Optimizer steps of the whole run. */
  int totalSteps(int rowsPerEpoch) {
    int perEpoch = (rowsPerEpoch + config.gradAccumulation() - 1) / config.gradAccumulation();
    long all = (long) perEpoch * config.epochs();
    return (int) Math.min(config.maxSteps() > 0 ? config.maxSteps() : Integer.MAX_VALUE, all);
  }

  /** The validation's rows, the same each time. */
  PackedRows evalRows() {
    return packer().pack(data.evalExamples());
  }
}
