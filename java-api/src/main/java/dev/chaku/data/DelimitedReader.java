package dev.chaku.data;

import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a CSV or TSV file, as RFC 4180 has them: the first row names the columns; a field in quotes may hold
 * separators, line breaks and doubled quotes. Lines end in LF, CRLF or CR; empty lines are passed over. Every field is
 * a string.
 */
final class DelimitedReader {
    private static final int MOST_FIELD_CHARS = 1 << 28;
    private static final int END = -1;

    private final Reader reader;
    private final char separator;
    private final List<String> header;
    private int line;
    private int recordLine;
    private int ahead;

    /**
     * Reads the header.
     *
     * @param firstLine the number of the line that is read first
     * @throws IOException if the file cannot be read, or a header's column has the name of another
     */
    DelimitedReader(Reader reader, char separator, int firstLine) throws IOException {
        this.reader = reader;
        this.separator = separator;
        this.line = firstLine;
        this.recordLine = firstLine;
        this.ahead = reader.read();
        try {
            List<String> row = row();
            this.header =
                    row == null ? List.of() : row.stream().map(String::strip).toList();
            requireDistinct(header);
        } catch (RecordFault fault) {
            throw new IOException("header: " + fault.getMessage(), fault);
        }
    }

    private static void requireDistinct(List<String> header) throws RecordFault {
        Set<String> seen = new HashSet<>();
        for (String column : header) {
            if (!column.isEmpty() && !seen.add(column)) {
                throw new RecordFault("expected a name of its own for each column, found two of '" + column + "'");
            }
        }
    }

    /** The columns' names, without white space around them; empty for a file without rows. */
    List<String> header() {
        return header;
    }

    /** The line to be read next, from 1. */
    int line() {
        return line;
    }

    /** The line in which the last row began. */
    int recordLine() {
        return recordLine;
    }

    /** The next row by column name, or null at the end. After a fault the reader stands at the next row. */
    @Nullable
    Map<String, Object> next() throws IOException, RecordFault {
        List<String> row = row();
        if (row == null) {
            return null;
        }
        if (row.size() != header.size()) {
            throw new RecordFault("expected " + header.size() + " fields as in the header, found " + row.size());
        }
        Map<String, Object> named = new LinkedHashMap<>();
        for (int i = 0; i < row.size(); i++) {
            named.put(header.get(i), row.get(i));
        }
        return named;
    }

    private @Nullable List<String> row() throws IOException, RecordFault {
        while (ahead == '\n' || ahead == '\r') {
            endLine();
        }
        if (ahead == END) {
            return null;
        }
        recordLine = line;
        List<String> fields = new ArrayList<>();
        while (true) {
            fields.add(ahead == '"' ? quoted() : plain());
            if (ahead != separator) {
                break;
            }
            advance();
        }
        if (ahead != END) {
            endLine();
        }
        return fields;
    }

    private void advance() throws IOException {
        ahead = reader.read();
    }

    private void endLine() throws IOException {
        int c = ahead;
        advance();
        if (c == '\r' && ahead == '\n') {
            advance();
        }
        line++;
    }

    private boolean atFieldEnd() {
        return ahead == END || ahead == separator || ahead == '\n' || ahead == '\r';
    }

    private String plain() throws IOException {
        StringBuilder field = new StringBuilder();
        while (!atFieldEnd()) {
            field.append((char) ahead);
            advance();
        }
        return field.toString();
    }

    private String quoted() throws IOException, RecordFault {
        int opened = line;
        StringBuilder field = new StringBuilder();
        advance();
        while (true) {
            if (ahead == END || field.length() > MOST_FIELD_CHARS) {
                throw new RecordFault("the quote opened in line " + opened + " is not closed");
            }
            int c = ahead;
            advance();
            if (c == '"') {
                if (ahead != '"') {
                    break;
                }
                advance();
            } else if (c == '\n' || c == '\r' && ahead != '\n') {
                line++;
            }
            field.append((char) c);
        }
        if (!atFieldEnd()) {
            int found = ahead;
            while (ahead != END && ahead != '\n' && ahead != '\r') {
                advance();
            }
            if (ahead != END) {
                endLine();
            }
            throw new RecordFault("expected a separator after the closing quote, found '" + (char) found + "'");
        }
        return field.toString();
    }
}
