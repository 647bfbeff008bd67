package dev.chaku.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** U+2581, which stands for a space in the vocabularies of SentencePiece. */
final class SpaceMarks {
    private static final byte[] MARK = "\u2581".getBytes(StandardCharsets.UTF_8);

    private SpaceMarks() {}

    /** Text with marks for its spaces, and one before it where that is wanted. */
    static byte[] escape(SpmEncoder.Spaces spaces, byte[] utf8, int from, int to, boolean first) {
        return spaces == SpmEncoder.Spaces.NORMALIZED
                ? Arrays.copyOfRange(utf8, from, to)
                : escape(utf8, from, to, isPrefixed(spaces, utf8, from, first));
    }

    private static boolean isPrefixed(SpmEncoder.Spaces spaces, byte[] utf8, int from, boolean first) {
        boolean begun = utf8[from] == ' ' || isAt(utf8, from);
        return switch (spaces) {
            case PREFIXED -> true;
            case ALWAYS_ONE -> !begun;
            case FIRST_ONE -> first && !begun;
            case ESCAPED, NORMALIZED -> false;
        };
    }

    private static byte[] escape(byte[] utf8, int from, int to, boolean prefix) {
        int spaces = prefix ? 1 : 0;
        for (int i = from; i < to; i++) {
            spaces += utf8[i] == ' ' ? 1 : 0;
        }
        byte[] escaped = new byte[to - from + 2 * spaces + (prefix ? 1 : 0)];
        int length = 0;
        if (prefix) {
            System.arraycopy(MARK, 0, escaped, 0, 3);
            length = 3;
        }
        for (int i = from; i < to; i++) {
            if (utf8[i] == ' ') {
                System.arraycopy(MARK, 0, escaped, length, 3);
                length += 3;
            } else {
                escaped[length++] = utf8[i];
            }
        }
        return escaped;
    }

    /**
     * As SentencePiece drops spaces: those that begin or end a text, and all but one of those in a row.
     *
     * @param prefix whether one is put before the text
     */
    static byte[] escapeMerged(byte[] utf8, boolean prefix) {
        byte[] escaped = new byte[3 * (utf8.length + 1)];
        int length = 0;
        boolean space = prefix;
        for (byte unit : utf8) {
            if (unit == ' ') {
                space |= length > 0;
                continue;
            }
            if (space) {
                System.arraycopy(MARK, 0, escaped, length, 3);
                length += 3;
                space = false;
            }
            escaped[length++] = unit;
        }
        return Arrays.copyOf(escaped, length);
    }

    /** Whether tokens have marks at their beginning alone, so that words can be taken apart on their own. */
    static boolean begin(Vocabulary vocabulary) {
        for (int id = 0; id < vocabulary.size(); id++) {
            byte[] spelling = vocabulary.spelling(id);
            if (wordEnd(spelling, 0) < spelling.length) {
                return false;
            }
        }
        return true;
    }

    /** Where the word ends that begins at a position: before the next mark that follows something else. */
    static int wordEnd(byte[] text, int from) {
        int position = from;
        while (isAt(text, position)) {
            position += 3;
        }
        while (position < text.length && !isAt(text, position)) {
            position++;
        }
        return position;
    }

    /** Before the next mark. */
    static int markEnd(byte[] text, int from) {
        int position = from + 1;
        while (position < text.length && !isAt(text, position)) {
            position++;
        }
        return position;
    }

    private static boolean isAt(byte[] text, int at) {
        return at + 2 < text.length && text[at] == MARK[0] && text[at + 1] == MARK[1] && text[at + 2] == MARK[2];
    }
}
