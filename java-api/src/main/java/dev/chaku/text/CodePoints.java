package dev.chaku.text;

/**
 * Unicode classes of code points and a walk over UTF-8 bytes.
 *
 * <p>Tokenizers walk UTF-8 rather than chars because vocabularies are bytes: a word is a range of the one array that
 * the text was encoded into. All text here comes from {@link String#getBytes}, so it is valid UTF-8 and lead bytes can
 * be trusted.
 */
final class CodePoints {
    static final int LETTER = 1;
    static final int NUMBER = 2;
    static final int PUNCTUATION = 4;
    static final int SYMBOL = 8;
    static final int MARK = 16;
    static final int SPACE = 32;
    static final int CONTROL = 64;

    /** Past the end of the text; has no class. */
    static final int NONE = -1;

    private static final byte[] BASIC_PLANE = basicPlane();

    private CodePoints() {}

    /** The class bits of a code point; 0 if unassigned or {@link #NONE}. White space has only {@link #SPACE}. */
    static int classOf(int codePoint) {
        if (codePoint < 0) {
            return 0;
        }
        return codePoint < BASIC_PLANE.length ? BASIC_PLANE[codePoint] : classify(codePoint);
    }

    static boolean is(int codePoint, int classes) {
        return (classOf(codePoint) & classes) != 0;
    }

    /** The code point at a position, or {@link #NONE} at the end. */
    static int at(byte[] utf8, int position, int end) {
        if (position >= end) {
            return NONE;
        }
        int lead = utf8[position];
        if (lead >= 0) {
            return lead;
        }
        if ((lead & 0x20) == 0) {
            return (lead & 0x1f) << 6 | utf8[position + 1] & 0x3f;
        }
        if ((lead & 0x10) == 0) {
            return (lead & 0x0f) << 12 | (utf8[position + 1] & 0x3f) << 6 | utf8[position + 2] & 0x3f;
        }
        return (lead & 0x07) << 18
                | (utf8[position + 1] & 0x3f) << 12
                | (utf8[position + 2] & 0x3f) << 6
                | utf8[position + 3] & 0x3f;
    }

    /** Bytes of the code point that begins with this byte. */
    static int length(byte lead) {
        if (lead >= 0) {
            return 1;
        }
        return (lead & 0x20) == 0 ? 2 : (lead & 0x10) == 0 ? 3 : 4;
    }

    /** Bytes of the code point that ends before a position. */
    static int lengthBefore(byte[] utf8, int position) {
        int length = 1;
        while ((utf8[position - length] & 0xc0) == 0x80) {
            length++;
        }
        return length;
    }

    /** The code point that ends before a position. */
    static int before(byte[] utf8, int position) {
        return at(utf8, position - lengthBefore(utf8, position), position);
    }

    /** Whether regular expressions take it for a part of a word, as {@code \w}. */
    static boolean isWord(int codePoint) {
        return Character.isAlphabetic(codePoint)
                || is(codePoint, MARK)
                || Character.getType(codePoint) == Character.DECIMAL_DIGIT_NUMBER
                || Character.getType(codePoint) == Character.CONNECTOR_PUNCTUATION
                || codePoint == 0x200c
                || codePoint == 0x200d;
    }

    /** The end of the longest run of code points that have one of the classes. */
    static int runEnd(byte[] utf8, int from, int end, int classes) {
        int position = from;
        while (position < end && is(at(utf8, position, end), classes)) {
            position += length(utf8[position]);
        }
        return position;
    }

    static boolean isNewline(int codePoint) {
        return codePoint == '\r' || codePoint == '\n';
    }

    private static byte[] basicPlane() {
        byte[] classes = new byte[1 << 16];
        for (int codePoint = 0; codePoint < classes.length; codePoint++) {
            classes[codePoint] = (byte) classify(codePoint);
        }
        return classes;
    }

    private static int classify(int codePoint) {
        if (isSpace(codePoint)) {
            return SPACE;
        }
        return switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER -> LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> PUNCTUATION;
            case Character.MATH_SYMBOL, Character.CURRENCY_SYMBOL, Character.MODIFIER_SYMBOL, Character.OTHER_SYMBOL ->
                SYMBOL;
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK -> MARK;
            case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.SURROGATE -> CONTROL;
            default -> 0;
        };
    }

    /** The Unicode property White_Space. */
    private static boolean isSpace(int codePoint) {
        return codePoint >= 0x09 && codePoint <= 0x0d
                || codePoint == 0x20
                || codePoint == 0x85
                || codePoint == 0xa0
                || codePoint == 0x1680
                || codePoint >= 0x2000 && codePoint <= 0x200a
                || codePoint == 0x2028
                || codePoint == 0x2029
                || codePoint == 0x202f
                || codePoint == 0x205f
                || codePoint == 0x3000;
    }
}
