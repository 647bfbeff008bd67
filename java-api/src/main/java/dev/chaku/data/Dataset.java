package dev.chaku.data;

import dev.chaku.BadInputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Examples read from JSON lines, JSON arrays, CSV, TSV or text files, gzipped or not. Immutable and thread-safe; all
 * examples are in memory.
 */
public final class Dataset {
  private static final int REASONS_KEPT = 5;

  /**
   * How files are read.
   *
   * @param format of the records, or null for what each record's keys say
   * @param skipBadLines whether a record that cannot be read is left out and counted, rather than an error
   * @param columns names of the file's columns where they are not the format's own
   */
  public record Options(@Nullable DataFormat format, boolean skipBadLines, ColumnMap columns) {
    public static Options defaults() {
      return new Options(null, false, ColumnMap.NONE);
    }

    public Options withFormat(@Nullable DataFormat newFormat) {
      return new Options(newFormat, skipBadLines, columns);
    }

    public Options withSkipBadLines(boolean skip) {
      return new Options(format, skip, columns);
    }

    public Options withColumns(ColumnMap newColumns) {
      return new Options(format, skipBadLines, newColumns);
    }
  }

  private final List<Example> examples;
  private final int skipped;
  private final List<String> reasons;

  private Dataset(List<Example> examples, int skipped, List<String> reasons) {
    this.examples = List.copyOf(examples);
    this.skipped = skipped;
    this.reasons = List.copyOf(reasons);
  }

  /** Reads one file, see {@link #read(List, Options)}. */
  public static Dataset read(Path file) {
    return read(List.of(file), Options.defaults());
  }

  /**
   * Reads files, one after the other.
   *
   * @throws BadInputException if a file cannot be read or holds no example, or a record is wrong and bad lines are not
   *     skipped; the message names file, line, what was expected and found
   */
  public static Dataset read(List<Path> files, Options options) {
    Reading reading = new Reading(options);
    for (Path file : files) {
      DataFile.read(file, reading);
    }
    if (reading.examples.isEmpty()) {
      throw new BadInputException(
          files + ": expected at least one example, found none"
              + (reading.skipped > 0 ? " (" + reading.skipped + " bad lines skipped)" : ""));
    }
    return new Dataset(reading.examples, reading.skipped, reading.reasons);
  }

  /** A data set of these examples. */
  public static Dataset of(List<Example> examples) {
    return new Dataset(examples, 0, List.of());
  }

  public List<Example> examples() {
    return examples;
  }

  /** Number of records left out because they are wrong. */
  public int skippedLines() {
    return skipped;
  }

  /** Why the first of them were. */
  public List<String> skippedReasons() {
    return reasons;
  }

  /** Two parts of a data set. */
  public record Split(List<Example> train, List<Example> eval) {}

  /**
   * Splits at random, the same for the same seed.
   *
   * @param evalShare of the examples, rounded, at least one of them and leaving at least one to train on
   */
  public Split split(double evalShare, long seed) {
    if (!(evalShare > 0 && evalShare < 1) || examples.size() < 2) {
      throw new BadInputException(
          "split: expected a share between 0 and 1 of at least two examples, found " + evalShare + " of "
              + examples.size());
    }
    List<Example> shuffled = new ArrayList<>(examples);
    Collections.shuffle(shuffled, new Random(seed));
    int eval = (int) Math.max(1, Math.min(examples.size() - 1, Math.round(evalShare * examples.size())));
    return new Split(List.copyOf(shuffled.subList(eval, shuffled.size())), List.copyOf(shuffled.subList(0, eval)));
  }

  /** The state of a reading. */
  private static final class Reading implements DataFile.Sink {
    private final Options options;
    private final List<Example> examples = new ArrayList<>();
    private final List<String> reasons = new ArrayList<>();
    private int skipped;

    Reading(Options options) {
      this.options = options;
    }

    @Override
    public void record(@Nullable Object json, String where) {
      try {
        examples.addAll(RecordReader.read(json, options.format(), options.columns(), where));
      } catch (RecordFault fault) {
        bad(where + ": " + fault.getMessage());
      }
    }

    @Override
    public void bad(String reason) {
      if (!options.skipBadLines()) {
        throw new BadInputException(reason + "; mend it, or leave such lines out with --skip-bad-lines");
      }
      skipped++;
      if (reasons.size() < REASONS_KEPT) {
        reasons.add(reason);
      }
    }
  }
}
