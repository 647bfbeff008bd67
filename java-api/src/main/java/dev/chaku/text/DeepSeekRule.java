package dev.chaku.text;

/**
 * The words of DeepSeek-V3: {@code a[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
 * ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}, a being any ASCII punctuation or symbol.
 *
 * <p>Source: DeepSeek-V3's tokenizer.json. llama.cpp leaves the tilde out of {@code \p{S}}.
 */
final class DeepSeekRule implements MatchRule {
    private static final int WORD = CodePoints.LETTER | CodePoints.MARK;
    private static final int SIGN = CodePoints.PUNCTUATION | CodePoints.SYMBOL;

    @Override
    public int match(byte[] utf8, int at, int end) {
        int first = CodePoints.at(utf8, at, end);
        int second = at + CodePoints.length(utf8[at]);
        if (first < 0x80 && CodePoints.is(first, SIGN)) {
            int word = asciiLettersEnd(utf8, second, end);
            if (word > second) {
                return word;
            }
        }
        if (CodePoints.is(first, WORD)) {
            return CodePoints.runEnd(utf8, second, end, WORD);
        }
        if (!CodePoints.isNewline(first) && !isSign(first) && CodePoints.is(CodePoints.at(utf8, second, end), WORD)) {
            return CodePoints.runEnd(utf8, second, end, WORD);
        }
        int start = first == ' ' ? second : at;
        int signs = start;
        while (isSign(CodePoints.at(utf8, signs, end))) {
            signs += CodePoints.length(utf8[signs]);
        }
        return signs > start ? WordRule.newlinesEnd(utf8, signs, end) : WhiteSpace.match(utf8, at, end, true);
    }

    private static boolean isSign(int codePoint) {
        return CodePoints.is(codePoint, SIGN);
    }

    private static int asciiLettersEnd(byte[] utf8, int from, int end) {
        int position = from;
        while (position < end && utf8[position] > 0 && CodePoints.is(utf8[position], CodePoints.LETTER)) {
            position++;
        }
        return position;
    }
}
