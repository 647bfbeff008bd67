package dev.chaku.text;

/** The alternatives with which most patterns end: {@code \s*[\r\n]+|\s+(?!\S)|\s+}, or the last two of them. */
final class WhiteSpace {
    private WhiteSpace() {}

    /**
     * The end of a run of white space as these patterns cut it: after its last line break, if there is one and line
     * breaks are to end it; else before its last code point, which goes to the word that follows; else at its end.
     */
    static int match(byte[] utf8, int at, int end, boolean lineBreaksEnd) {
        int position = at;
        int last = at;
        int afterBreak = at;
        while (position < end) {
            int codePoint = CodePoints.at(utf8, position, end);
            if (!CodePoints.is(codePoint, CodePoints.SPACE)) {
                break;
            }
            last = position;
            position += CodePoints.length(utf8[position]);
            if (CodePoints.isNewline(codePoint)) {
                afterBreak = position;
            }
        }
        if (lineBreaksEnd && afterBreak > at) {
            return afterBreak;
        }
        return position < end && last > at ? last : position;
    }
}
