package dev.chaku.cli;

import dev.chaku.train.TrainingProgress;
import java.util.Locale;
import java.util.function.Consumer;

/** A training's progress as a line: bar, loss, learning rate, speed and the time that is left. */
final class TrainingDisplay implements Consumer<TrainingProgress>, AutoCloseable {
  private static final int CELLS = 24;

  private final Console console;
  private final ProgressLine line;

  TrainingDisplay(Console console) {
    this.console = console;
    this.line = new ProgressLine(console);
  }

  @Override
  public synchronized void accept(TrainingProgress p) {
    if (p.evaluated()) {
      line.note(
          String.format(
              Locale.ROOT,
              "step %d: validation loss %.4f, %.1f %% of tokens right",
              p.step(),
              p.evalLoss().orElseThrow(),
              100 * p.evalAccuracy().orElseThrow()));
    }
    String bar = console.errorColour(Console.Colour.GREEN, ProgressLine.bar((double) p.step() / p.totalSteps(), CELLS));
    line.update(
        String.format(
            Locale.ROOT,
            "%s %d/%d  epoch %.2f  loss %.4f  lr %.2e  %,.0f tokens/s  %s left%s",
            bar,
            p.step(),
            p.totalSteps(),
            p.epoch(),
            p.smoothedLoss(),
            p.learningRate(),
            p.tokensPerSecond(),
            ProgressLine.duration(p.remaining()),
            p.skippedSteps() > 0 ? "  (" + p.skippedSteps() + " steps skipped)" : ""));
  }

  /** Writes a lasting line above the progress. */
  synchronized void note(String text) {
    line.note(text);
  }

  @Override
  public synchronized void close() {
    line.close();
  }
}
