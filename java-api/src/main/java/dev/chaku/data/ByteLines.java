package dev.chaku.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The lines of a file as bytes, with where each stands. Lines end in LF, CRLF or CR. Not thread-safe. */
final class ByteLines {
    private static final int MOST_LINE_BYTES = 1 << 30;

    private final InputStream in;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;
    private long bufferStart;
    private byte[] line = new byte[1 << 10];
    private int length;
    private long offset;

    /** @param start the offset in the file of what is read first */
    ByteLines(InputStream in, long start) {
        this.in = in;
        this.bufferStart = start;
    }

    /** Where the last line began. */
    long offset() {
        return offset;
    }

    /** The next line without its end, or null after the last. */
    byte @Nullable [] next() throws IOException {
        if (!more()) {
            return null;
        }
        offset = bufferStart + at;
        length = 0;
        do {
            int from = at;
            while (at < end && buffer[at] != '\n' && buffer[at] != '\r') {
                at++;
            }
            keep(from, at - from);
        } while (at == end && more());
        if (at < end) {
            endLine();
        }
        return Arrays.copyOf(line, length);
    }

    private void endLine() throws IOException {
        byte c = buffer[at++];
        if (c == '\r' && more() && buffer[at] == '\n') {
            at++;
        }
    }

    private void keep(int from, int n) throws IOException {
        if (length > MOST_LINE_BYTES - n) {
            throw new IOException("a line of more than " + MOST_LINE_BYTES + " bytes");
        }
        if (length + n > line.length) {
            line = Arrays.copyOf(line, Math.max(length + n, Math.min(MOST_LINE_BYTES, 2 * line.length)));
        }
        System.arraycopy(buffer, from, line, length, n);
        length += n;
    }

    /** Whether there is a byte to read. */
    private boolean more() throws IOException {
        if (at == end) {
            bufferStart += end;
            at = 0;
            end = Math.max(0, in.read(buffer));
        }
        return at < end;
    }
}
