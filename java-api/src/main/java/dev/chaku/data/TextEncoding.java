package dev.chaku.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The encoding of a text file, by its first bytes: a byte-order mark, or the zeros that UTF-16 and UTF-32 have beside
 * letters and line ends while UTF-8 has none.
 *
 * @param charset UTF-8 where nothing speaks for another
 * @param markBytes length of the byte-order mark, 0 without one
 */
record TextEncoding(Charset charset, int markBytes) {
    /** Bytes that are looked at. */
    static final int BEGINNING_BYTES = 1 << 12;

    /** Zeros that count as none: a text may have some, in no order. */
    private static final double STRAY = 0.02;

    private static final Charset UTF_32LE = Charset.forName("UTF-32LE");
    private static final Charset UTF_32BE = Charset.forName("UTF-32BE");

    static TextEncoding of(byte[] beginning) {
        TextEncoding marked = marked(beginning);
        return marked != null ? marked : new TextEncoding(byZeros(beginning), 0);
    }

    private static @Nullable TextEncoding marked(byte[] b) {
        if (begins(b, 0xEF, 0xBB, 0xBF)) {
            return new TextEncoding(StandardCharsets.UTF_8, 3);
        }
        if (begins(b, 0xFF, 0xFE, 0, 0)) {
            return new TextEncoding(UTF_32LE, 4);
        }
        if (begins(b, 0, 0, 0xFE, 0xFF)) {
            return new TextEncoding(UTF_32BE, 4);
        }
        if (begins(b, 0xFF, 0xFE)) {
            return new TextEncoding(StandardCharsets.UTF_16LE, 2);
        }
        return begins(b, 0xFE, 0xFF) ? new TextEncoding(StandardCharsets.UTF_16BE, 2) : null;
    }

    private static boolean begins(byte[] bytes, int... expected) {
        for (int i = 0; i < expected.length; i++) {
            if (i >= bytes.length || (bytes[i] & 0xFF) != expected[i]) {
                return false;
            }
        }
        return true;
    }

    private static Charset byZeros(byte[] bytes) {
        int[] zeros = new int[4];
        int n = bytes.length & ~3;
        for (int i = 0; i < n; i++) {
            zeros[i & 3] += bytes[i] == 0 ? 1 : 0;
        }
        int quarter = n / 4;
        double stray = STRAY * quarter;
        if (quarter == 0 || zeros[0] + zeros[1] + zeros[2] + zeros[3] <= stray) {
            return StandardCharsets.UTF_8;
        }
        // The upper half of every character of UTF-32 is zero but for its lowest plane bits.
        if (zeros[3] == quarter && zeros[2] > quarter / 2 && zeros[0] <= stray) {
            return UTF_32LE;
        }
        if (zeros[0] == quarter && zeros[1] > quarter / 2 && zeros[3] <= stray) {
            return UTF_32BE;
        }
        int high = zeros[0] + zeros[2];
        int low = zeros[1] + zeros[3];
        if (low > stray && high <= stray) {
            return StandardCharsets.UTF_16LE;
        }
        return high > stray && low <= stray ? StandardCharsets.UTF_16BE : StandardCharsets.UTF_8;
    }

    boolean isUtf8() {
        return charset.equals(StandardCharsets.UTF_8);
    }

    /** A reader that fails with a {@link java.nio.charset.CharacterCodingException} at what is none of the encoding. */
    Reader reader(InputStream in) {
        return new InputStreamReader(
                in,
                charset.newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT));
    }

    /** The stream, which stands behind the mark, as one of UTF-8. */
    InputStream asUtf8(InputStream in) {
        return isUtf8() ? in : new Utf8Stream(reader(in));
    }

    /** Characters as UTF-8. */
    private static final class Utf8Stream extends InputStream {
        private final Reader reader;
        private final char[] chars = new char[1 << 12];
        private byte[] bytes = {};
        private int at;

        Utf8Stream(Reader reader) {
            this.reader = reader;
        }

        @Override
        public int read() throws IOException {
            return more() ? bytes[at++] & 0xFF : -1;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (!more()) {
                return -1;
            }
            int n = Math.min(length, bytes.length - at);
            System.arraycopy(bytes, at, to, offset, n);
            at += n;
            return n;
        }

        /**
         * Whether there is a byte to read. A decoder that reports faults gives whole characters, in at most two pieces.
         */
        private boolean more() throws IOException {
            while (at == bytes.length) {
                int n = reader.read(chars, 0, chars.length - 1);
                if (n < 0) {
                    return false;
                }
                if (n > 0 && Character.isHighSurrogate(chars[n - 1])) {
                    chars[n] = (char) reader.read();
                    n++;
                }
                bytes = new String(chars, 0, n).getBytes(StandardCharsets.UTF_8);
                at = 0;
            }
            return true;
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }
}
