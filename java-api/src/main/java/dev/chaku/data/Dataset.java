package dev.chaku.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.chaku.BadInputException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Examples read from JSON lines or JSON arrays, gzipped or not. Immutable and thread-safe; all examples are in memory.
 */
public final class Dataset {
  private static final int REASONS_KEPT = 5;
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  /**
   * How files are read.
   *
   * @param format of the records, or null for what each record's keys say
   * @param skipBadLines whether a record that cannot be read is left out and counted, rather than an error
   */
  public record Options(@Nullable DataFormat format, boolean skipBadLines) {
    public static Options defaults() {
      return new Options(null, false);
    }

    public Options withFormat(@Nullable DataFormat newFormat) {
      return new Options(newFormat, skipBadLines);
    }

    public Options withSkipBadLines(boolean skip) {
      return new Options(format, skip);
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
      reading.file(file);
    }
    if (reading.examples.isEmpty()) {
      throw new BadInputException(
          files + ": expected at least one example, found none"
              + (reading.skipped > 0 ? " (" + reading.skipped + " bad lines skipped)" : ""));
    }
    return new Dataset(reading.examples, reading.skipped, reading.reasons);
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
  private static final class Reading {
    private final Options options;
    private final List<Example> examples = new ArrayList<>();
    private final List<String> reasons = new ArrayList<>();
    private int skipped;

    Reading(Options options) {
      this.options = options;
    }

    void file(Path file) {
      if (!Files.isRegularFile(file)) {
        throw new BadInputException(
            file + ": expected a data file, found " + (Files.isDirectory(file) ? "a folder" : "no such file"));
      }
      try (InputStream in = open(file);
          BufferedReader reader =
              new BufferedReader(
                  new InputStreamReader(
                      in,
                      StandardCharsets.UTF_8
                          .newDecoder()
                          .onMalformedInput(CodingErrorAction.REPORT)
                          .onUnmappableCharacter(CodingErrorAction.REPORT)),
                  1 << 16)) {
        if (isArray(reader)) {
          array(file, reader);
        } else {
          lines(file, reader);
        }
      } catch (CharacterCodingException e) {
        throw new BadInputException(
            file + ": expected UTF-8, found other bytes after example " + examples.size(), e);
      } catch (IOException e) {
        throw new BadInputException(file + ": cannot be read: " + Json.describe(e), e);
      }
    }

    private static InputStream open(Path file) throws IOException {
      InputStream in = new BufferedInputStream(Files.newInputStream(file));
      in.mark(2);
      boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
      in.reset();
      return gzip ? new GZIPInputStream(in, 1 << 16) : in;
    }

    /** Whether the file is one JSON array; leaves the reader at its first character, past a byte order mark. */
    private static boolean isArray(BufferedReader reader) throws IOException {
      reader.mark(1 << 12);
      int c = reader.read();
      if (c == BYTE_ORDER_MARK) {
        reader.mark(1 << 12);
        c = reader.read();
      }
      for (int i = 0; Character.isWhitespace(c) && i < 1 << 11; i++) {
        c = reader.read();
      }
      reader.reset();
      return c == '[';
    }

    private void lines(Path file, BufferedReader reader) throws IOException {
      int number = 0;
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        if (!line.isBlank()) {
          String where = file + ":" + number;
          try {
            add(Json.parse(line), where);
          } catch (IOException e) {
            bad(where + ": no JSON: " + Json.describe(e));
          }
        }
      }
    }

    private void array(Path file, Reader reader) throws IOException {
      try (JsonParser parser = Json.FACTORY.createParser(reader)) {
        parser.nextToken();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          if (parser.currentToken() == null) {
            throw new IOException("the array does not end");
          }
          String where = file + ":" + parser.currentTokenLocation().getLineNr();
          add(Json.value(parser), where);
        }
        if (parser.nextToken() != null) {
          throw new IOException("found more after the array, in line " + parser.currentTokenLocation().getLineNr());
        }
      }
    }

    private void add(@Nullable Object json, String where) {
      try {
        examples.add(RecordReader.read(json, options.format(), where));
      } catch (RecordReader.Fault fault) {
        bad(where + ": " + fault.getMessage());
      }
    }

    private void bad(String reason) {
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
