package dev.chaku.data;

import dev.chaku.BadInputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
   * Splits at random, the same for the same seed, with all examples of one prompt on the same side, so that the
   * validation measures what was not trained on. The order stays.
   *
   * @param evalShare of the examples, as near as whole prompts allow; at least one of them, and one is left to train on
   * @throws BadInputException if the share is not between 0 and 1, or there are not two prompts
   */
  public Split split(double evalShare, long seed) {
    Map<String, List<Integer>> prompts = new LinkedHashMap<>();
    for (int i = 0; i < examples.size(); i++) {
      prompts.computeIfAbsent(examples.get(i).promptKey(), key -> new ArrayList<>()).add(i);
    }
    if (!(evalShare > 0 && evalShare < 1) || prompts.size() < 2) {
      throw new BadInputException(
          "split: expected a share between 0 and 1 of examples with at least two prompts, found " + evalShare + " of "
              + examples.size() + " examples with " + prompts.size());
    }
    List<List<Integer>> groups = new ArrayList<>(prompts.values());
    Collections.shuffle(groups, new Random(seed));
    long wanted = Math.max(1, Math.round(evalShare * examples.size()));
    BitSet eval = new BitSet();
    for (List<Integer> group : groups.subList(0, groups.size() - 1)) {
      if (eval.isEmpty() || eval.cardinality() + group.size() <= wanted) {
        group.forEach(eval::set);
      }
    }
    return new Split(part(eval, false), part(eval, true));
  }

  private List<Example> part(BitSet marked, boolean which) {
    List<Example> part = new ArrayList<>();
    for (int i = 0; i < examples.size(); i++) {
      if (marked.get(i) == which) {
        part.add(examples.get(i));
      }
    }
    return List.copyOf(part);
  }

  /**
   * A part of a mixture.
   *
   * @param weight how often each example stands in the mixture: 2 for twice, 0.5 for a half of them, chosen by the seed
   */
  public record Part(Dataset data, double weight) {}

  /**
   * Mixes data sets, in order; the same for the same seed.
   *
   * @throws BadInputException if a weight is not above 0 and at most 1000, or nothing is left
   */
  public static Dataset mix(List<Part> parts, long seed) {
    List<Example> mixed = new ArrayList<>();
    Random random = new Random(seed);
    int skipped = 0;
    List<String> reasons = new ArrayList<>();
    for (Part part : parts) {
      if (!(part.weight() > 0 && part.weight() <= 1000)) {
        throw new BadInputException("mixing weight: expected more than 0 and at most 1000, found " + part.weight());
      }
      List<Example> all = part.data().examples;
      int whole = (int) part.weight();
      for (int copy = 0; copy < whole; copy++) {
        mixed.addAll(all);
      }
      List<Example> shuffled = new ArrayList<>(all);
      Collections.shuffle(shuffled, random);
      mixed.addAll(shuffled.subList(0, (int) Math.round((part.weight() - whole) * all.size())));
      skipped += part.data().skipped;
      reasons.addAll(part.data().reasons);
    }
    if (mixed.isEmpty()) {
      throw new BadInputException("mixture: expected at least one example, found none; raise the weights");
    }
    return new Dataset(mixed, skipped, reasons);
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
