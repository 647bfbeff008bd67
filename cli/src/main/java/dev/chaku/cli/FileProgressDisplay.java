package dev.chaku.cli;

import dev.chaku.FileProgress;
import java.util.Locale;

/** Shows how far the writing of a file is. One thread reports. */
final class FileProgressDisplay implements AutoCloseable {
  private static final int BAR_CELLS = 24;

  private final ProgressLine line;

  FileProgressDisplay(Console console) {
    this.line = new ProgressLine(console);
  }

  void show(FileProgress progress) {
    line.update(
        String.format(
            Locale.ROOT, "%s %3.0f %%  %s, %s left", ProgressLine.bar(progress.share(), BAR_CELLS), 100 * progress.share(),
            progress.tensor(), ProgressLine.duration(progress.remaining())));
  }

  @Override
  public void close() {
    line.close();
  }
}
