package dev.chaku.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.chaku.internal.io.JsonValues;
import java.io.IOException;
import java.io.StringReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a text file holds its records, by its name and its beginning. The name says what is expected; what stands there
 * decides: a table or JSON lines named {@code .txt} is one, and so is what comes through a pipe without a name.
 *
 * @param kind of the file
 * @param separator of a table's fields
 * @param firstLine of a table, from 1: 2 where the first names the separator, as spreadsheets write it
 */
record FileShape(Kind kind, char separator, int firstLine) {
    enum Kind {
        /** A JSON value a line. */
        LINES,
        /** One JSON array. */
        ARRAY,
        /** JSON values that span lines. */
        VALUES,
        /** Rows of fields under a header. */
        TABLE,
        /** Plain text. */
        TEXT
    }

    private static final char[] SEPARATORS = {',', ';', '\t', '|'};
    private static final int ROWS_COMPARED = 20;
    private static final int LINES_TRIED = 5;
    private static final Pattern SEPARATOR_LINE = Pattern.compile("sep=(.)\\R");

    private FileShape(Kind kind) {
        this(kind, ',', 1);
    }

    /**
     * Looks at a file.
     *
     * @param name of the file, without a folder
     * @param beginning of its text
     * @param whole whether that is all of it
     */
    static FileShape of(String name, String beginning, boolean whole, Dataset.Options options) {
        String lower = name.toLowerCase(Locale.ROOT).replaceFirst("\\.gz$", "");
        String text = beginning.stripLeading();
        if (lower.endsWith(".json") || lower.matches(".*\\.(jsonl|ndjson)")) {
            return json(text, whole, lower.endsWith(".json"));
        }
        if (beginsAsJson(text)) {
            FileShape shape = json(text, whole, false);
            if (shape.kind() != Kind.LINES || hasRecord(text, whole)) {
                return shape;
            }
        }
        if (lower.endsWith(".csv") || lower.endsWith(".tsv")) {
            return table(text, whole, lower.endsWith(".tsv") ? '\t' : ',');
        }
        if (options.format() == DataFormat.TEXT) {
            return new FileShape(Kind.TEXT);
        }
        FileShape table = table(text, whole, ',');
        if (isTable(text, whole, table, options)) {
            return table;
        }
        return lower.endsWith(".txt") ? new FileShape(Kind.TEXT) : json(text, whole, false);
    }

    private static FileShape json(String text, boolean whole, boolean maySpanLines) {
        int end = text.indexOf('\n');
        String first = (end < 0 ? text : text.substring(0, end)).strip();
        boolean complete = (end >= 0 || whole) && isJson(first);
        boolean more = end >= 0 && !text.substring(end).isBlank();
        if (text.startsWith("[")) {
            return new FileShape(complete && more ? Kind.LINES : Kind.ARRAY);
        }
        boolean spans = first.equals("{") || maySpanLines && !complete && end >= 0 && beginsAsJson(text);
        return new FileShape(spans ? Kind.VALUES : Kind.LINES);
    }

    /** Whether one of the first lines is a record by itself, or the first goes on beyond what is seen. */
    private static boolean hasRecord(String text, boolean whole) {
        return !whole && text.indexOf('\n') < 0
                || text.lines()
                        .limit(LINES_TRIED)
                        .map(String::strip)
                        .anyMatch(line -> line.endsWith("}") && isJson(line));
    }

    private static boolean isJson(String text) {
        try {
            JsonValues.parseRecord(text);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether the text begins with an object of JSON that has a key, or an array of such: prose and code do not. */
    private static boolean beginsAsJson(String text) {
        if (!text.startsWith("{") && !text.startsWith("[")) {
            return false;
        }
        try (JsonParser parser = JsonValues.RECORDS.createParser(text)) {
            JsonToken token = parser.nextToken();
            if (token == JsonToken.START_ARRAY) {
                token = parser.nextToken();
            }
            return token == JsonToken.START_OBJECT
                    && parser.nextToken() == JsonToken.FIELD_NAME
                    && parser.nextToken() != null;
        } catch (IOException e) {
            return false;
        }
    }

    /** The table with the separator that divides the header and the first rows alike; the usual one where none does. */
    private static FileShape table(String text, boolean whole, char usual) {
        Matcher named = SEPARATOR_LINE.matcher(text);
        if (named.lookingAt()) {
            return new FileShape(Kind.TABLE, named.group(1).charAt(0), 2);
        }
        char best = usual;
        int most = columns(text, whole, usual);
        for (char separator : SEPARATORS) {
            int columns = columns(text, whole, separator);
            if (columns > most) {
                most = columns;
                best = separator;
            }
        }
        return new FileShape(Kind.TABLE, best, 1);
    }

    /** Fields of the header where all rows have as many, 1 where it has several and they do not, else 0. */
    private static int columns(String text, boolean whole, char separator) {
        try {
            DelimitedReader rows = new DelimitedReader(new StringReader(text), separator, 1);
            int columns = rows.header().size();
            return columns < 2 ? 0 : agree(rows, text, whole) ? columns : 1;
        } catch (IOException e) {
            return 0;
        }
    }

    private static boolean agree(DelimitedReader rows, String text, boolean whole) throws IOException {
        long lines = text.lines().count();
        try {
            for (int row = 0; row < ROWS_COMPARED && rows.next() != null; row++) {
                continue;
            }
            return true;
        } catch (RecordFault fault) {
            return !whole && rows.line() >= lines; // The last row may be cut.
        }
    }

    /** Whether a text that no name says to be a table has a header with the columns of a format, and rows like it. */
    private static boolean isTable(String text, boolean whole, FileShape table, Dataset.Options options) {
        String rest = table.firstLine() == 1 ? text : text.substring(text.indexOf('\n') + 1);
        if (columns(rest, whole, table.separator()) < 2) {
            return false;
        }
        try {
            List<String> header = new DelimitedReader(new StringReader(rest), table.separator(), 1).header();
            Map<String, Object> record = new LinkedHashMap<>();
            header.forEach(column -> record.put(column, ""));
            Optional<DataFormat> format = DataFormat.of(options.columns().apply(record));
            return format.isPresent() || options.format() != null;
        } catch (IOException | RecordFault e) {
            return false;
        }
    }
}
