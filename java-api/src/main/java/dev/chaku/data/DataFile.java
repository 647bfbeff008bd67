package dev.chaku.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.chaku.BadInputException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * One file to its records, one after the other, with the line each begins in. Formats that are no text are read by the
 * {@link RecordSource} that knows them, which counts rows.
 */
final class DataFile {
  private static final int BYTE_ORDER_MARK_BYTES = 3;
  private static final String PARQUET = "PAR1";
  private static final int LOOK_AHEAD = 1 << 12;
  /** A text file is cut at the first blank line after so many characters, and at any line's end after twice as many. */
  private static final int TEXT_CHARS = 1 << 13;

  /**
   * Where a record stands.
   *
   * @param line it begins in, from 1
   * @param offset of its first byte in the file, if bytes are not null
   * @param bytes of it as they stand in the file, or null if it cannot be read again by itself
   */
  record Place(Path file, int line, long offset, byte @Nullable [] bytes) {
    /** {@code file:line}. */
    String where() {
      return file + ":" + line;
    }
  }

  /** Takes what is read. */
  interface Sink {
    void record(@Nullable Object json, Place place);

    /** A part that is no record; reading goes on unless this throws. */
    void bad(String reason);
  }

  private final Path file;
  private final Sink sink;
  private String last;

  private DataFile(Path file, Sink sink) {
    this.file = file;
    this.sink = sink;
    this.last = file + ":1";
  }

  /** @throws BadInputException if the file cannot be read, is no UTF-8, or its JSON breaks off outside a line */
  static void read(Path file, Sink sink) {
    if (!Files.isRegularFile(file)) {
      throw new BadInputException(
          file + ": expected a data file, found " + (Files.isDirectory(file) ? "a folder" : "no such file"));
    }
    DataFile data = new DataFile(file, sink);
    Optional<RecordSource> source = data.source();
    if (source.isPresent()) {
      data.readWith(source.get());
    } else {
      data.readText();
    }
  }

  private Optional<RecordSource> source() {
    byte[] beginning;
    try (InputStream in = Files.newInputStream(file)) {
      beginning = in.readNBytes(RecordSource.BEGINNING_BYTES);
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + e.getMessage(), e);
    }
    Optional<RecordSource> source =
        ServiceLoader.load(RecordSource.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(candidate -> candidate.reads(beginning))
            .findFirst();
    if (source.isEmpty() && new String(beginning, StandardCharsets.ISO_8859_1).startsWith(PARQUET)) {
      throw new BadInputException(
          file + ": a Parquet file is read by the library chaku-parquet, expected on the class path, found none");
    }
    return source;
  }

  private void readWith(RecordSource source) {
    int[] row = {0};
    try {
      source.read(file, record -> record(record, ++row[0]));
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private void readText() {
    try (InputStream stream = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
      boolean gzip = startsWith(stream, 0x1f, 0x8b);
      InputStream in = gzip ? new BufferedInputStream(new GZIPInputStream(stream, 1 << 16), 1 << 16) : stream;
      int mark = startsWith(in, 0xEF, 0xBB, 0xBF) ? in.readNBytes(BYTE_ORDER_MARK_BYTES).length : 0;
      String name = file.getFileName().toString().toLowerCase(Locale.ROOT).replaceFirst("\\.gz$", "");
      String beginning = beginning(in);
      if (name.endsWith(".csv") || name.endsWith(".tsv")) {
        table(characters(in), name.endsWith(".tsv") ? '\t' : ',');
      } else if (name.endsWith(".txt")) {
        text(characters(in));
      } else if (beginning.startsWith("[")) {
        array(characters(in));
      } else if (beginning.lines().findFirst().orElse("").strip().equals("{")) {
        values(characters(in));
      } else {
        lines(new ByteLines(in, mark), gzip);
      }
    } catch (CharacterCodingException e) {
      throw new BadInputException(file + ": expected UTF-8, found other bytes after " + last, e);
    } catch (EOFException e) {
      throw new BadInputException(file + ": cannot be read: it ends early, after " + last, e);
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + JsonFault.describe(e) + ", after " + last, e);
    }
  }

  private static boolean startsWith(InputStream in, int... bytes) throws IOException {
    in.mark(bytes.length);
    boolean same = true;
    for (int expected : bytes) {
      same = same && in.read() == expected;
    }
    in.reset();
    return same;
  }

  /** The first characters that are no white space, those past ASCII as others; the stream stays where it is. */
  private static String beginning(InputStream in) throws IOException {
    in.mark(LOOK_AHEAD);
    byte[] ahead = in.readNBytes(LOOK_AHEAD);
    in.reset();
    return new String(ahead, StandardCharsets.ISO_8859_1).stripLeading();
  }

  private static CharsetDecoder decoder() {
    return StandardCharsets.UTF_8
        .newDecoder()
        .onMalformedInput(CodingErrorAction.REPORT)
        .onUnmappableCharacter(CodingErrorAction.REPORT);
  }

  private static BufferedReader characters(InputStream in) {
    return new BufferedReader(new InputStreamReader(in, decoder()), 1 << 16);
  }

  private void record(@Nullable Object json, int line) {
    record(json, new Place(file, line, 0, null));
  }

  private void record(@Nullable Object json, Place place) {
    last = place.where();
    sink.record(json, place);
  }

  private void lines(ByteLines lines, boolean gzip) throws IOException {
    CharsetDecoder decoder = decoder();
    int number = 0;
    for (byte[] bytes = lines.next(); bytes != null; bytes = lines.next()) {
      number++;
      String line = decoder.decode(ByteBuffer.wrap(bytes)).toString();
      if (!line.isBlank()) {
        Object json;
        try {
          json = Json.parseRecord(line);
        } catch (IOException e) {
          sink.bad(file + ":" + number + ": no JSON: " + JsonFault.describe(e));
          continue;
        }
        record(json, new Place(file, number, lines.offset(), gzip ? null : bytes));
      }
    }
  }

  private void array(BufferedReader reader) throws IOException {
    try (JsonParser parser = Json.RECORDS.createParser(reader)) {
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() == null) {
          throw new EOFException();
        }
        int line = parser.currentTokenLocation().getLineNr();
        record(Json.value(parser), line);
      }
      if (parser.nextToken() != null) {
        throw new IOException("found more after the array, in line " + parser.currentTokenLocation().getLineNr());
      }
    }
  }

  /** Objects that each span lines. */
  private void values(BufferedReader reader) throws IOException {
    try (JsonParser parser = Json.RECORDS.createParser(reader)) {
      while (parser.nextToken() != null) {
        int line = parser.currentTokenLocation().getLineNr();
        record(Json.value(parser), line);
      }
    }
  }

  private void table(BufferedReader reader, char separator) throws IOException {
    DelimitedReader rows = new DelimitedReader(reader, separator);
    for (int line = rows.line(); ; line = rows.line()) {
      Map<String, Object> row;
      try {
        row = rows.next();
      } catch (RecordFault fault) {
        sink.bad(file + ":" + line + ": " + fault.getMessage());
        continue;
      }
      if (row == null) {
        return;
      }
      record(row, rows.recordLine());
    }
  }

  private void text(BufferedReader reader) throws IOException {
    StringBuilder text = new StringBuilder();
    int first = 1;
    int number = 0;
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      number++;
      text.append(line).append('\n');
      if (text.length() >= (line.isBlank() ? TEXT_CHARS : 2 * TEXT_CHARS)) {
        emit(text, first);
        first = number + 1;
      }
    }
    emit(text, first);
  }

  private void emit(StringBuilder text, int line) {
    if (!text.toString().isBlank()) {
      record(Map.of("text", text.toString()), line);
    }
    text.setLength(0);
  }
}
