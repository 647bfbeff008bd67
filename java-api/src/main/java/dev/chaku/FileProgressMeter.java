package dev.chaku;

import java.time.Duration;
import java.util.function.Consumer;

/** Counts elements that are written and tells a listener. Not thread-safe. */
final class FileProgressMeter {
  private final long total;
  private final Consumer<FileProgress> listener;
  private final long startNs = System.nanoTime();
  private String tensor = "";
  private long done;

  FileProgressMeter(long total, Consumer<FileProgress> listener) {
    this.total = total;
    this.listener = listener;
  }

  void begin(String name) {
    tensor = name;
    add(0);
  }

  void add(long elements) {
    done += elements;
    listener.accept(new FileProgress(tensor, done, total, Duration.ofNanos(System.nanoTime() - startNs)));
  }
}
