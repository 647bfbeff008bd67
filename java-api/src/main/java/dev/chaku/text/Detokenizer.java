package dev.chaku.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What tokens look like in text. Immutable and thread-safe. */
final class Detokenizer {
    private static final byte[] NOTHING = {};

    private final Vocabulary vocabulary;
    private final boolean byteAlphabet;

    /**
     * @param byteAlphabet whether ordinary tokens are spelled in the byte alphabet, otherwise with U+2581 for a space
     */
    Detokenizer(Vocabulary vocabulary, boolean byteAlphabet) {
        this.vocabulary = vocabulary;
        this.byteAlphabet = byteAlphabet;
    }

    /** The bytes of a token in running text; none for special tokens unless asked for, and for unused ones. */
    byte[] bytes(int id, boolean withSpecial) {
        if (vocabulary.has(id, Vocabulary.CONTROL | Vocabulary.UNKNOWN)) {
            return withSpecial ? vocabulary.spelling(id) : NOTHING;
        }
        byte[] spelling = vocabulary.spelling(id);
        if (vocabulary.has(id, Vocabulary.USER_DEFINED)) {
            return spelling;
        }
        if (vocabulary.has(id, Vocabulary.NORMAL)) {
            return byteAlphabet ? fromByteAlphabet(spelling) : unescape(spelling);
        }
        return vocabulary.has(id, Vocabulary.BYTE) ? byteOf(spelling) : NOTHING;
    }

    /** Decodes a whole text: a space that encoding put before it goes, and so do those that clean-up removes. */
    String decode(int[] ids, boolean withSpecial) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        boolean dropsSpace = vocabulary.settings().dropsSpace();
        for (int id : ids) {
            byte[] bytes = bytes(id, withSpecial);
            int from = dropsSpace && bytes.length > 0 && bytes[0] == ' ' ? 1 : 0;
            text.write(bytes, from, bytes.length - from);
            dropsSpace = dropsSpace && bytes.length == 0 && vocabulary.dropsSpaceOfText();
        }
        byte[] bytes = text.toByteArray();
        return vocabulary.settings().cleanSpaces()
                ? SpaceCleaning.clean(bytes)
                : new String(bytes, StandardCharsets.UTF_8);
    }

    /** A spelling outside the alphabet stands for itself. */
    private static byte[] fromByteAlphabet(byte[] spelling) {
        byte[] raw = new byte[spelling.length];
        int length = ByteAlphabet.decode(spelling, 0, spelling.length, raw);
        return length < 0 ? spelling : Arrays.copyOf(raw, length);
    }

    private static byte[] unescape(byte[] spelling) {
        byte[] text = new byte[spelling.length];
        int length = 0;
        for (int i = 0; i < spelling.length; i++) {
            if (i + 2 < spelling.length
                    && spelling[i] == (byte) 0xe2
                    && spelling[i + 1] == (byte) 0x96
                    && spelling[i + 2] == (byte) 0x81) {
                text[length++] = ' ';
                i += 2;
            } else {
                text[length++] = spelling[i];
            }
        }
        return Arrays.copyOf(text, length);
    }

    /** The byte of a token spelled {@code <0xHH>}; any other spelling is nothing that text could show. */
    private static byte[] byteOf(byte[] spelling) {
        if (spelling.length != 6) {
            return NOTHING;
        }
        int high = Character.digit(spelling[3], 16);
        int low = Character.digit(spelling[4], 16);
        return high < 0 || low < 0 ? NOTHING : new byte[] {(byte) (high << 4 | low)};
    }
}
