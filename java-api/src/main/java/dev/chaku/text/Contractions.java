package dev.chaku.text;

/**
 * The English endings {@code 's 't 'm 'd 're 've 'll} that most pre-tokenizers keep as words of their own. In any case
 * means as {@code (?i:)} does, by Unicode's folding: the long s (U+017F) is an s there.
 */
final class Contractions {
    private static final int LONG_S = 0x17f;

    private Contractions() {}

    /** The end of an ending that begins at a position, or the position if none does. */
    static int match(byte[] utf8, int at, int end, boolean anyCase) {
        if (at + 1 >= end || utf8[at] != '\'') {
            return at;
        }
        int first = fold(utf8[at + 1], anyCase);
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return at + 2;
        }
        if (anyCase && CodePoints.at(utf8, at + 1, end) == LONG_S) {
            return at + 1 + CodePoints.length(utf8[at + 1]);
        }
        if (at + 2 < end) {
            int second = fold(utf8[at + 2], anyCase);
            if (first == 'r' && second == 'e' || first == 'v' && second == 'e' || first == 'l' && second == 'l') {
                return at + 3;
            }
        }
        return at;
    }

    private static int fold(byte letter, boolean anyCase) {
        return anyCase && letter >= 'A' && letter <= 'Z' ? letter + 32 : letter;
    }
}
