package dev.chaku;

import dev.chaku.data.PackedRow;
import dev.chaku.data.Packer;
import dev.chaku.internal.BatchLoss;
import dev.chaku.internal.NativeTrainer;
import dev.chaku.internal.StepOptions;
import dev.chaku.internal.StepResult;
import dev.chaku.internal.TrainingBatch;
import dev.chaku.train.LogFile;
import dev.chaku.train.LossPicture;
import dev.chaku.train.OutputFolder;
import dev.chaku.train.TrainingConfig;
import dev.chaku.train.TrainingProgress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** The steps of a run, on one thread: rows, gradients, update, validation, log, checkpoint, output. */
final class TrainingLoop {
  private static final int MOST_SKIPPED_IN_A_ROW = 5;

  /** What a finished run leaves. */
  record Result(Path file, Optional<Adapter> adapter, TrainingProgress progress) {}

  private final Trainer setup;
  private final TrainingConfig config;
  private final NativeTrainer core;
  private final OutputFolder folder;
  private final LogFile log;
  private final Packer packer;
  private final List<PackedRow> evalRows;
  private final List<Consumer<TrainingProgress>> listeners = new CopyOnWriteArrayList<>();
  private final List<LossPicture.Point> losses = new ArrayList<>();
  private final List<LossPicture.Point> smoothed = new ArrayList<>();
  private final List<LossPicture.Point> validations = new ArrayList<>();
  private volatile boolean cancelled;

  private List<PackedRow> rows;
  private ProgressMeter meter;
  private RunPosition position = RunPosition.start();

  TrainingLoop(Trainer setup, NativeTrainer core, OutputFolder folder) {
    this.setup = setup;
    this.config = setup.config();
    this.core = core;
    this.folder = folder;
    this.log = new LogFile(folder.resolve("log.jsonl"));
    this.packer = setup.packer();
    this.evalRows = setup.evalRows();
    this.rows = packer.epoch(setup.examples(), 0);
  }

  void addListener(Consumer<TrainingProgress> listener) {
    listeners.add(listener);
  }

  void cancel() {
    cancelled = true;
  }

  Result run() {
    boolean saves = config.saveSteps() > 0 || setup.resumes();
    Checkpoints checkpoints = saves ? new Checkpoints(setup, core, folder) : null;
    if (setup.resumes()) {
      position = checkpoints.restoreNewest().orElse(position);
    }
    folder.writeText("config.json", RunDescription.json(setup));
    int totalSteps = setup.totalSteps(rows.size());
    meter = new ProgressMeter(totalSteps, position);
    rows = packer.epoch(setup.examples(), position.epoch());
    int skippedInARow = 0;
    while (position.step() < totalSteps) {
      StepResult step = step(totalSteps);
      skippedInARow = step.skipped() ? skippedInARow + 1 : 0;
      if (skippedInARow == MOST_SKIPPED_IN_A_ROW) {
        throw new BadInputException(
            "the gradients of " + skippedInARow + " steps in a row, up to step " + position.step()
                + ", were not finite; use a lower learning rate or look at the data");
      }
      boolean last = position.step() == totalSteps;
      boolean evaluated = evaluateIfDue(last);
      report(evaluated);
      if (config.saveSteps() > 0 && (last || position.step() % config.saveSteps() == 0)) {
        checkpoints.save(position);
      }
    }
    return finish();
  }

  /** One optimizer step: up to gradAccumulation rows of this epoch. */
  private StepResult step(int totalSteps) {
    double lossSum = 0;
    double weightSum = 0;
    long tokens = 0;
    int from = position.row();
    int to = Math.min(rows.size(), from + config.gradAccumulation());
    long index = position.rowsDone();
    for (int i = from; i < to; i++) {
      requireNotCancelled();
      PackedRow row = rows.get(i);
      BatchLoss loss = core.accumulate(batch(row, index++));
      lossSum += loss.lossSum();
      weightSum += loss.weightSum();
      tokens += row.length();
    }
    int number = position.step() + 1;
    double rate = config.learningRateAt(number, totalSteps);
    StepResult result = core.step(stepOptions(rate));
    position = position.after(to - from, rows.size());
    meter.step(position, rows.size(), lossSum / weightSum, tokens, rate, result);
    losses.add(new LossPicture.Point(number, lossSum / weightSum));
    smoothed.add(new LossPicture.Point(number, meter.smoothedLoss()));
    if (position.row() == 0 && number < totalSteps) {
      rows = packer.epoch(setup.examples(), position.epoch());
    }
    return result;
  }

  private static TrainingBatch batch(PackedRow row, long index) {
    return new TrainingBatch(index, row.tokens(), row.targets(), row.weights(), row.starts());
  }

  private StepOptions stepOptions(double rate) {
    return new StepOptions(
        (float) rate,
        (float) config.beta1(),
        (float) config.beta2(),
        (float) config.epsilon(),
        (float) config.weightDecay(),
        (float) config.maxGradNorm(),
        (float) config.bRateRatio());
  }

  private boolean evaluateIfDue(boolean last) {
    boolean due = config.evalSteps() > 0 ? position.step() % config.evalSteps() == 0 : position.row() == 0;
    if (evalRows.isEmpty() || !(due || last)) {
      return false;
    }
    double lossSum = 0;
    double weightSum = 0;
    long correct = 0;
    long weighted = 0;
    for (PackedRow row : evalRows) {
      requireNotCancelled();
      BatchLoss loss = core.evaluate(batch(row, 0));
      lossSum += loss.lossSum();
      weightSum += loss.weightSum();
      correct += loss.correct();
      weighted += loss.weighted();
    }
    meter.evaluation(lossSum / weightSum, (double) correct / weighted);
    validations.add(new LossPicture.Point(position.step(), lossSum / weightSum));
    return true;
  }

  private void report(boolean evaluated) {
    TrainingProgress progress = meter.progress(evaluated);
    log.append(progress);
    for (Consumer<TrainingProgress> listener : listeners) {
      listener.accept(progress);
    }
  }

  private Result finish() {
    folder.writeText("loss.svg", LossPicture.draw(losses, smoothed, validations));
    TrainingProgress progress = meter.progress(false);
    if (setup.isFull()) {
      Path file = folder.resolve("model.gguf");
      TrainedWeights.writeModel(setup.model(), core, setup.fullFormat(), file);
      return new Result(file, Optional.empty(), progress);
    }
    Path file = folder.resolve(Adapter.FILE_NAME);
    TrainedWeights.writeAdapter(setup.model(), core, setup.lora(), file);
    return new Result(file, Optional.of(Adapter.load(file)), progress);
  }

  private void requireNotCancelled() {
    if (cancelled) {
      throw new OperationCancelledException(
          "training cancelled after step " + position.step() + "; what was saved is in " + folder.path());
    }
  }
}
