package dev.chaku.text;

/**
 * The words of GPT-4 and its many kin: {@code (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}|
 * ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}.
 *
 * <p>Source: the cl100k pattern of OpenAI's tiktoken.
 */
final class WordRule implements MatchRule {
    private final int letters;
    private final int maxDigits;
    private final boolean lineBreaksFollowPunctuation;

    /**
     * @param letters the classes of code points that words consist of
     * @param maxDigits most digits in a piece
     * @param lineBreaksFollowPunctuation whether line breaks join the punctuation before them
     */
    WordRule(int letters, int maxDigits, boolean lineBreaksFollowPunctuation) {
        this.letters = letters;
        this.maxDigits = maxDigits;
        this.lineBreaksFollowPunctuation = lineBreaksFollowPunctuation;
    }

    @Override
    public int match(byte[] utf8, int at, int end) {
        int contraction = Contractions.match(utf8, at, end, true);
        if (contraction > at) {
            return contraction;
        }
        int first = CodePoints.at(utf8, at, end);
        int classes = CodePoints.classOf(first);
        int second = at + CodePoints.length(utf8[at]);
        if ((classes & letters) != 0) {
            return CodePoints.runEnd(utf8, second, end, letters);
        }
        if ((classes & CodePoints.NUMBER) != 0) {
            return digitsEnd(utf8, at, end, maxDigits);
        }
        if (!CodePoints.isNewline(first) && CodePoints.is(CodePoints.at(utf8, second, end), letters)) {
            return CodePoints.runEnd(utf8, second, end, letters);
        }
        int start = first == ' ' ? second : at;
        int punctuation = otherEnd(utf8, start, end);
        if (punctuation > start) {
            return lineBreaksFollowPunctuation ? newlinesEnd(utf8, punctuation, end) : punctuation;
        }
        return WhiteSpace.match(utf8, at, end, true);
    }

    private int otherEnd(byte[] utf8, int from, int end) {
        int words = letters | CodePoints.NUMBER | CodePoints.SPACE;
        int position = from;
        while (position < end && !CodePoints.is(CodePoints.at(utf8, position, end), words)) {
            position += CodePoints.length(utf8[position]);
        }
        return position;
    }

    static int newlinesEnd(byte[] utf8, int from, int end) {
        int position = from;
        while (position < end && CodePoints.isNewline(utf8[position])) {
            position++;
        }
        return position;
    }

    static int digitsEnd(byte[] utf8, int from, int end, int maxDigits) {
        int position = from;
        for (int i = 0; i < maxDigits && CodePoints.is(CodePoints.at(utf8, position, end), CodePoints.NUMBER); i++) {
            position += CodePoints.length(utf8[position]);
        }
        return position;
    }
}
