package dev.chaku;

import dev.chaku.internal.StepResult;
import dev.chaku.train.TrainingProgress;
import java.time.Duration;
import java.util.OptionalDouble;

/** Counts and times a run's steps. Not thread-safe. */
final class ProgressMeter {
  private static final double SMOOTHING = 0.9;
  /** The speed is a mean over about this time. */
  private static final double SPEED_WINDOW_S = 10;

  private final int totalSteps;
  private final int firstStep;
  private final long startNs = System.nanoTime();
  private long lastNs = startNs;
  private RunPosition position;
  private double epoch;
  private double loss;
  private double smoothedSum;
  private double smoothedWeight;
  private double tokensPerSecond;
  private double rate;
  private double gradNorm;
  private long tokens;
  private int skipped;
  private OptionalDouble evalLoss = OptionalDouble.empty();
  private OptionalDouble evalAccuracy = OptionalDouble.empty();

  ProgressMeter(int totalSteps, RunPosition from) {
    this.totalSteps = totalSteps;
    this.firstStep = from.step();
    this.position = from;
  }

  void step(RunPosition to, int rowsPerEpoch, double stepLoss, long stepTokens, double stepRate, StepResult result) {
    long now = System.nanoTime();
    double seconds = Math.max(1e-9, (now - lastNs) / 1e9);
    lastNs = now;
    double keep = tokens == 0 ? 0 : Math.exp(-seconds / SPEED_WINDOW_S);
    tokensPerSecond = keep * tokensPerSecond + (1 - keep) * stepTokens / seconds;
    tokens += stepTokens;
    position = to;
    epoch = to.epoch() + (double) to.row() / rowsPerEpoch;
    loss = stepLoss;
    if (Double.isFinite(stepLoss)) {
      smoothedSum = SMOOTHING * smoothedSum + stepLoss;
      smoothedWeight = SMOOTHING * smoothedWeight + 1;
    }
    rate = stepRate;
    gradNorm = result.gradNorm();
    skipped += result.skipped() ? 1 : 0;
  }

  void evaluation(double meanLoss, double accuracy) {
    evalLoss = OptionalDouble.of(meanLoss);
    evalAccuracy = OptionalDouble.of(accuracy);
    lastNs = System.nanoTime();
  }

  double smoothedLoss() {
    return smoothedWeight == 0 ? loss : smoothedSum / smoothedWeight;
  }

  TrainingProgress progress(boolean evaluated) {
    Duration elapsed = Duration.ofNanos(System.nanoTime() - startNs);
    int done = Math.max(1, position.step() - firstStep);
    Duration remaining = elapsed.multipliedBy(totalSteps - position.step()).dividedBy(done);
    return new TrainingProgress(
        position.step(), totalSteps, epoch, loss, smoothedLoss(), evaluated, evalLoss, evalAccuracy, rate, gradNorm,
        tokens, tokensPerSecond, elapsed, remaining, skipped);
  }
}
