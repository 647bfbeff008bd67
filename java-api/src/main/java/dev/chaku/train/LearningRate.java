package dev.chaku.train;

/** The learning rate of each optimizer step: a linear rise, then the schedule's fall to 0 at the end. */
public record LearningRate(double peak, Decay decay, int warmupSteps, int totalSteps) {
  /** How the rate falls after the warm-up. */
  public enum Decay {
    NONE,
    LINEAR,
    COSINE
  }

  /** The rate of a step, counted from 1; the last warm-up step has the peak. */
  public double at(int step) {
    if (step <= warmupSteps) {
      return peak * step / warmupSteps;
    }
    double done = (double) (step - 1 - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
    return switch (decay) {
      case NONE -> peak;
      case LINEAR -> peak * (1 - done);
      case COSINE -> peak * (1 + Math.cos(Math.PI * done)) / 2;
    };
  }
}
