package dev.chaku;

import dev.chaku.adapter.Safetensors;
import dev.chaku.internal.NativeTrainer;
import dev.chaku.train.CheckpointFolder;
import dev.chaku.train.OutputFolder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A run's state on disk: parameters, moments and position, with fingerprints of all that must be the same for a resumed
 * run to give the bits of one that was never interrupted. Examples are compared as token ids and weights, which covers
 * data, chat template and tokenizer.
 */
final class Checkpoints {
  private static final System.Logger LOG = System.getLogger(Checkpoints.class.getName());
  private static final String STATE = "state.safetensors";
  private static final String BEST = "best";

  private final TrainingSetup setup;
  private final String baseHash;
  private final NativeTrainer core;
  private final CheckpointFolder folder;
  private final Map<String, String> fingerprints;

  /** Where a checkpoint stands, and what the run counted up to there. */
  record Restored(RunPosition position, Map<String, String> counters) {}

  Checkpoints(TrainingSetup setup, String baseHash, NativeTrainer core, OutputFolder output) {
    this.setup = setup;
    this.baseHash = baseHash;
    this.core = core;
    this.folder = new CheckpointFolder(output.path());
    this.fingerprints = new LinkedHashMap<>(RunDescription.decisive(setup));
    fingerprints.put("base model (SHA-256)", baseHash);
    fingerprints.put("training examples (SHA-256)", setup.data().examples().sha256());
    if (setup.config().earlyStopping() > 0) {
      fingerprints.put("validation examples (SHA-256)", setup.data().evalExamples().sha256());
    }
  }

  void save(RunPosition position, Map<String, String> counters) {
    Map<String, String> metadata = new LinkedHashMap<>(counters);
    fingerprints.forEach((what, value) -> metadata.put("is " + what, value));
    metadata.put("step", Integer.toString(position.step()));
    metadata.put("epoch", Integer.toString(position.epoch()));
    metadata.put("row", Integer.toString(position.row()));
    metadata.put("rows_done", Long.toString(position.rowsDone()));
    folder.save(position.step(), into -> write(into, metadata));
    folder.keepNewest(setup.config().keepCheckpoints());
  }

  /** The state, and for people the settings and an adapter that can be tried while the run goes on. */
  private void write(Path into, Map<String, String> metadata) {
    TrainerState.write(core, TrainerState.WHOLE, metadata, into.resolve(STATE));
    String description = RunDescription.json(setup, baseHash);
    OutputFolder.reopen(into).writeText("config.json", description);
    if (!setup.full()) {
      Path adapter = into.resolve(Adapter.FILE_NAME);
      TrainedWeights.writeAdapter(setup.model(), core, setup.lora(), baseHash, description, adapter);
    }
  }

  /** Keeps the parameters as the best so far, in place of those kept before. */
  void saveBest() {
    folder.save(BEST, into -> TrainerState.write(core, TrainerState.VALUES, Map.of(), into.resolve(STATE)));
  }

  /** Makes the best parameters those of the trainer. */
  void restoreBest() {
    Path best = folder.resolve(BEST);
    CheckpointFolder.verify(best);
    TrainerState.restore(Safetensors.read(best.resolve(STATE)), TrainerState.VALUES, core);
  }

  /**
   * Restores the newest whole checkpoint.
   *
   * @throws BadInputException if it was made from other data, another base or with other settings
   */
  Optional<Restored> restoreNewest() {
    for (Path checkpoint : folder.newestFirst()) {
      try {
        CheckpointFolder.verify(checkpoint);
      } catch (BadInputException torn) {
        LOG.log(System.Logger.Level.WARNING, torn.getMessage() + "; trying the one before");
        continue;
      }
      return Optional.of(restore(checkpoint));
    }
    return Optional.empty();
  }

  private Restored restore(Path checkpoint) {
    Safetensors state = Safetensors.read(checkpoint.resolve(STATE));
    Map<String, String> metadata = state.metadata();
    fingerprints.forEach(
        (what, now) -> {
          String then = metadata.getOrDefault("is " + what, "not set");
          if (!now.equals(then)) {
            throw new BadInputException(
                checkpoint + ": the run cannot be resumed, for its result would be another one: " + what + ": expected "
                    + then + " as in the run so far, found " + now + "; put it back, or start anew in another folder");
          }
        });
    RunPosition position =
        new RunPosition(
            (int) number(checkpoint, metadata, "step"),
            (int) number(checkpoint, metadata, "epoch"),
            (int) number(checkpoint, metadata, "row"),
            number(checkpoint, metadata, "rows_done"));
    TrainerState.restore(state, TrainerState.WHOLE, core);
    core.setStep(position.step() - number(checkpoint, metadata, ProgressMeter.SKIPPED));
    return new Restored(position, metadata);
  }

  private static long number(Path checkpoint, Map<String, String> metadata, String name) {
    try {
      return Long.parseLong(metadata.getOrDefault(name, ""));
    } catch (NumberFormatException e) {
      throw new BadInputException(
          checkpoint + ": " + name + ": expected a whole number, found '" + metadata.get(name) + "'", e);
    }
  }
}
