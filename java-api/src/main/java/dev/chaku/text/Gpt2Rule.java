package dev.chaku.text;

/**
 * The words of GPT-2: {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}.
 *
 * <p>Source: GPT-2's encoder.py, the pattern that all later ones vary.
 */
final class Gpt2Rule implements MatchRule {
    private static final int WORD = CodePoints.LETTER | CodePoints.NUMBER | CodePoints.SPACE;

    @Override
    public int match(byte[] utf8, int at, int end) {
        int contraction = Contractions.match(utf8, at, end, false);
        if (contraction > at) {
            return contraction;
        }
        int start = utf8[at] == ' ' ? at + 1 : at;
        int first = CodePoints.at(utf8, start, end);
        int classes = CodePoints.classOf(first);
        if ((classes & CodePoints.LETTER) != 0) {
            return CodePoints.runEnd(utf8, start, end, CodePoints.LETTER);
        }
        if ((classes & CodePoints.NUMBER) != 0) {
            return CodePoints.runEnd(utf8, start, end, CodePoints.NUMBER);
        }
        if (first != CodePoints.NONE && (classes & CodePoints.SPACE) == 0) {
            return otherEnd(utf8, start, end);
        }
        return WhiteSpace.match(utf8, at, end, false);
    }

    /** The end of a run of what is no letter, number or white space. */
    static int otherEnd(byte[] utf8, int from, int end) {
        int position = from;
        while (position < end && !CodePoints.is(CodePoints.at(utf8, position, end), WORD)) {
            position += CodePoints.length(utf8[position]);
        }
        return position;
    }
}
