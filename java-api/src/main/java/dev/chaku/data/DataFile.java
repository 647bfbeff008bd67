package dev.chaku.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.JsonValues;
import dev.chaku.io.FileFault;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * One file to its records, one after the other, with the line each begins in. Formats that are no text are read by the
 * {@link RecordSource} that knows them, which counts rows.
 */
final class DataFile {
    private static final String PARQUET = "PAR1";
    private static final String UNPACK = "; unpack it first";
    /** Files that people name by mistake, by their first bytes. */
    private static final Map<String, String> OTHER_FILES = Map.of(
            "GGUF", "a GGUF file, which holds a model or an adapter",
            "PK\u0003\u0004", "a zip file" + UNPACK,
            "(\u00b5/\u00fd", "a zstd file" + UNPACK,
            "BZh", "a bzip2 file" + UNPACK,
            "\u00fd7zXZ", "an xz file" + UNPACK,
            "7z\u00bc\u00af", "a 7z file" + UNPACK,
            "ARROW1", "an Arrow file; write it as Parquet or JSON lines",
            "%PDF-", "a PDF file; write its text to a file",
            "SQLite format 3", "an SQLite file; write a table of it as CSV");

    private static final String BYTE_ORDER_MARK = "\uFEFF";
    private static final int LOOK_AHEAD = 1 << 14;
    /**
     * A text file is cut at the first blank line after so many characters, and at any line's end after twice as many.
     */
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
    private final Dataset.Options options;
    private final Sink sink;
    private String last;

    private DataFile(Path file, Dataset.Options options, Sink sink) {
        this.file = file;
        this.options = options;
        this.sink = sink;
        this.last = file + ":1";
    }

    /** @throws BadInputException if the file cannot be read, is no text, or its JSON breaks off outside a line */
    static void read(Path file, Dataset.Options options, Sink sink) {
        if (!Files.exists(file) || Files.isDirectory(file)) {
            throw new BadInputException(
                    file + ": expected a data file, found " + (Files.isDirectory(file) ? "a folder" : "no such file"));
        }
        new DataFile(file, options, sink).read();
    }

    /** Whether what stands there can be read once only, as what comes through a pipe. */
    static boolean isStream(Path file) {
        return Files.exists(file) && !Files.isDirectory(file) && !Files.isRegularFile(file);
    }

    private void read() {
        try (InputStream stream = new BufferedInputStream(open(), 1 << 16)) {
            byte[] beginning = ahead(stream, RecordSource.BEGINNING_BYTES);
            Optional<RecordSource> source = source(beginning);
            if (source.isEmpty()) {
                requireData(beginning);
            }
            if (source.isEmpty()) {
                readText(stream);
            } else if (isStream(file)) {
                throw new BadInputException(file + ": " + source.get().format()
                        + " is read from a file, found a pipe; write it to a file first");
            } else {
                readWith(source.get());
            }
        } catch (CharacterCodingException e) {
            throw new BadInputException(notText(malformedLine()), e);
        } catch (EOFException e) {
            throw new BadInputException(file + ": cannot be read: it ends early, after " + last, e);
        } catch (ZipException e) {
            throw new BadInputException(file + ": cannot be read: its compression is damaged, after " + last, e);
        } catch (FileSystemException | FileNotFoundException e) {
            throw FileFault.notRead(file, e);
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read: " + JsonFault.describe(e) + ", after " + last, e);
        }
    }

    /** A channel, which the other kind of stream is on, asks where it stands, which a pipe cannot tell. */
    private InputStream open() throws IOException {
        return isStream(file) ? new FileInputStream(file.toFile()) : Files.newInputStream(file);
    }

    private Optional<RecordSource> source(byte[] beginning) {
        Optional<RecordSource> source = ServiceLoader.load(RecordSource.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(candidate -> candidate.reads(beginning))
                .findFirst();
        if (source.isEmpty() && new String(beginning, StandardCharsets.ISO_8859_1).startsWith(PARQUET)) {
            throw new BadInputException(file
                    + ": a Parquet file is read by the library chaku-parquet, expected on the class path, found none");
        }
        return source;
    }

    /** Refuses what is known to be something else, in one line rather than one for each of its lines. */
    private void requireData(byte[] beginning) {
        String first = new String(beginning, StandardCharsets.ISO_8859_1);
        for (Map.Entry<String, String> known : OTHER_FILES.entrySet()) {
            if (first.startsWith(known.getKey())) {
                throw new BadInputException(file + ": expected a data file, found " + known.getValue());
            }
        }
    }

    private void readWith(RecordSource source) throws IOException {
        int[] row = {0};
        try {
            source.read(file, record -> record(record, ++row[0]));
        } catch (IOException e) {
            throw new BadInputException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private void readText(InputStream stream) throws IOException {
        byte[] first = ahead(stream, 2);
        boolean gzip = first.length == 2 && (first[0] & 0xFF) == 0x1f && (first[1] & 0xFF) == 0x8b;
        InputStream bytes = gzip ? new BufferedInputStream(new GZIPInputStream(stream, 1 << 16), 1 << 16) : stream;
        TextEncoding encoding = TextEncoding.of(ahead(bytes, TextEncoding.BEGINNING_BYTES));
        bytes.skipNBytes(encoding.markBytes());
        InputStream in = encoding.isUtf8() ? bytes : new BufferedInputStream(encoding.asUtf8(bytes), 1 << 16);
        byte[] ahead = ahead(in, LOOK_AHEAD);
        String beginning = new String(ahead, StandardCharsets.UTF_8);
        String name = file.getFileName() == null ? "" : file.getFileName().toString();
        FileShape shape = FileShape.of(name, beginning, ahead.length < LOOK_AHEAD, options);
        switch (shape.kind()) {
            case LINES -> lines(new ByteLines(in, encoding.markBytes()), !gzip && encoding.isUtf8() && !isStream(file));
            case ARRAY -> array(characters(in));
            case VALUES -> values(characters(in));
            case TABLE -> table(characters(in), shape);
            case TEXT -> text(characters(in));
            default -> throw new IllegalStateException("no such shape: " + shape);
        }
    }

    /** The next bytes; the stream stays where it is. */
    private static byte[] ahead(InputStream in, int most) throws IOException {
        in.mark(most);
        byte[] ahead = in.readNBytes(most);
        in.reset();
        return ahead;
    }

    private static BufferedReader characters(InputStream in) {
        return new BufferedReader(new TextEncoding(StandardCharsets.UTF_8, 0).reader(in), 1 << 16);
    }

    private String notText(String where) {
        return where
                + ": expected UTF-8, found other bytes (Windows-1252, Shift_JIS or the like?); write the file anew in UTF-8";
    }

    /** The first line that is no UTF-8, as far as the file can be read again to find it. */
    private String malformedLine() {
        if (isStream(file)) {
            return file.toString();
        }
        try (InputStream stream = Files.newInputStream(file)) {
            ByteLines lines = new ByteLines(stream, 0);
            int number = 0;
            for (byte[] bytes = lines.next(); bytes != null; bytes = lines.next()) {
                number++;
                if (!isUtf8(bytes)) {
                    return file + ":" + number;
                }
            }
        } catch (IOException e) {
            // The file itself is named then.
        }
        return file.toString();
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    private void record(@Nullable Object json, int line) {
        record(json, new Place(file, line, 0, null));
    }

    private void record(@Nullable Object json, Place place) {
        last = place.where();
        sink.record(json, place);
    }

    /** @param again whether a line can be read again where it stands */
    private void lines(ByteLines lines, boolean again) throws IOException {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        int number = 0;
        for (byte[] bytes = lines.next(); bytes != null; bytes = lines.next()) {
            number++;
            String line;
            try {
                line = decoder.decode(ByteBuffer.wrap(bytes)).toString();
            } catch (CharacterCodingException e) {
                sink.bad(notText(file + ":" + number));
                continue;
            }
            boolean marked =
                    line.startsWith(BYTE_ORDER_MARK); // Files that were joined have it at the second's beginning.
            if (!line.isBlank()) {
                Object json;
                try {
                    json = JsonValues.parseRecord(marked ? line.substring(1) : line);
                } catch (IOException e) {
                    sink.bad(file + ":" + number + ": no JSON: " + JsonFault.describe(e));
                    continue;
                }
                record(json, new Place(file, number, lines.offset(), again && !marked ? bytes : null));
            }
        }
    }

    private void array(BufferedReader reader) throws IOException {
        try (JsonParser parser = JsonValues.RECORDS.createParser(reader)) {
            parser.nextToken();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (parser.currentToken() == null) {
                    throw new EOFException();
                }
                int line = parser.currentTokenLocation().getLineNr();
                record(JsonValues.value(parser), line);
            }
            if (parser.nextToken() != null) {
                throw new IOException("found more after the array, in line "
                        + parser.currentTokenLocation().getLineNr());
            }
        }
    }

    /** Objects that each span lines. */
    private void values(BufferedReader reader) throws IOException {
        try (JsonParser parser = JsonValues.RECORDS.createParser(reader)) {
            while (parser.nextToken() != null) {
                int line = parser.currentTokenLocation().getLineNr();
                record(JsonValues.value(parser), line);
            }
        }
    }

    private void table(BufferedReader reader, FileShape shape) throws IOException {
        for (int line = 1; line < shape.firstLine(); line++) {
            reader.readLine();
        }
        DelimitedReader rows = new DelimitedReader(reader, shape.separator(), shape.firstLine());
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
