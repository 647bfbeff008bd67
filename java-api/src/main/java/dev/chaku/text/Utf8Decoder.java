package dev.chaku.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Joins the bytes of tokens and gives the characters that are whole. */
final class Utf8Decoder implements TokenDecoder {
    private final Detokenizer detokenizer;
    private final boolean withSpecial;
    private byte[] held = {};

    Utf8Decoder(Detokenizer detokenizer, boolean withSpecial) {
        this.detokenizer = detokenizer;
        this.withSpecial = withSpecial;
    }

    @Override
    public String add(int id) {
        byte[] added = detokenizer.bytes(id, withSpecial);
        byte[] bytes = Arrays.copyOf(held, held.length + added.length);
        System.arraycopy(added, 0, bytes, held.length, added.length);
        int whole = bytes.length - unfinished(bytes);
        held = Arrays.copyOfRange(bytes, whole, bytes.length);
        return new String(bytes, 0, whole, StandardCharsets.UTF_8);
    }

    @Override
    public String finish() {
        String rest = new String(held, StandardCharsets.UTF_8);
        held = new byte[0];
        return rest;
    }

    /** Bytes at the end that begin a character which more bytes may complete. */
    private static int unfinished(byte[] bytes) {
        for (int back = 1; back <= 3 && back <= bytes.length; back++) {
            int value = bytes[bytes.length - back] & 0xff;
            if (value >= 0xc2 && value <= 0xf4) {
                return CodePoints.length((byte) value) > back ? back : 0;
            }
            if ((value & 0xc0) != 0x80) {
                return 0;
            }
        }
        return 0;
    }
}
