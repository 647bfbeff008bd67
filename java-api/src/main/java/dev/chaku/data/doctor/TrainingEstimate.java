package dev.chaku.data.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What training on a data set would take.
 *
 * @param method in a few words, for instance {@code LoRA of rank 16}
 * @param epochs passes over the data
 * @param rowTokens length of a packed row
 * @param tokensPerEpoch that are left of over-long sequences, trained or not
 * @param trainedTokensPerEpoch of those, the ones in the loss
 * @param rowsPerEpoch after packing
 * @param stepsPerEpoch optimizer steps
 * @param memory what it takes, or null where that is not known
 * @param time how long it takes on this machine, or null where that is not known
 * @param missing why memory or time is not known; empty where both are
 */
public record TrainingEstimate(
    String method,
    int epochs,
    int rowTokens,
    long tokensPerEpoch,
    long trainedTokensPerEpoch,
    int rowsPerEpoch,
    int stepsPerEpoch,
    @Nullable Memory memory,
    @Nullable Time time,
    String missing) {
  /**
   * Memory in bytes.
   *
   * @param weights of the base, mapped from its file
   * @param training everything else
   * @param available what the machine can give now
   */
  public record Memory(long weights, long training, long available) {}

  /**
   * Time of the whole training.
   *
   * @param seconds most likely
   * @param fastest and {@code slowest}: the range to be expected
   * @param how it was found out, in one line
   */
  public record Time(double seconds, double fastest, double slowest, String how) {}

  /** Optimizer steps in all. */
  public long steps() {
    return (long) stepsPerEpoch * epochs;
  }

  /** For people: a line each for what is trained, memory and time. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "%s, %d %s: %,d tokens an epoch, %,d of them trained, in %,d rows of up to %d: %,d steps an epoch, %,d in all",
            method, epochs, epochs == 1 ? "epoch" : "epochs", tokensPerEpoch, trainedTokensPerEpoch, rowsPerEpoch, rowTokens,
            stepsPerEpoch, steps()));
    if (memory != null) {
      lines.add(
          String.format(
              Locale.ROOT, "memory: weights %s (mapped), training %s; available %s%s", bytes(memory.weights()),
              bytes(memory.training()), bytes(memory.available()),
              memory.training() > memory.available() ? " - NOT ENOUGH" : ""));
    }
    if (time != null) {
      lines.add(
          String.format(
              "time: about %s (%s to %s); %s", duration(time.seconds()), duration(time.fastest()), duration(time.slowest()),
              time.how()));
    }
    if (!missing.isEmpty()) {
      lines.add(missing);
    }
    return lines;
  }

  private static String bytes(long n) {
    return n >= 1L << 30
        ? String.format(Locale.ROOT, "%.1f GiB", n / (double) (1L << 30))
        : String.format(Locale.ROOT, "%.1f MiB", n / (double) (1L << 20));
  }

  private static String duration(double seconds) {
    if (seconds < 90) {
      return String.format(Locale.ROOT, "%.0f s", seconds);
    }
    if (seconds < 90 * 60) {
      return String.format(Locale.ROOT, "%.0f min", seconds / 60);
    }
    return String.format(Locale.ROOT, "%.1f h", seconds / 3600);
  }
}
