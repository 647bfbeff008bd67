package dev.chaku.text;

/**
 * Words cut where capitals follow small letters, as GPT-4o and Tekken do: {@code p?U*L+c?|p?U+L*c?|\p{N}{1,n}|
 * ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+}, where U is {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]}, L
 * {@code [\p{Ll}\p{Lm}\p{Lo}\p{M}]}, p {@code [^\r\n\p{L}\p{N}]} and c an English contraction.
 *
 * <p>Kimi K2 takes runs of Han, {@code [\p{Han}]+}, before all else, and Han out of U and L; there no slash follows
 * other signs.
 *
 * <p>Source: the o200k pattern of OpenAI's tiktoken; tokenization_kimi.py. llama.cpp leaves marks out of U and L, and
 * tells case apart in ASCII only.
 */
final class CasedWordRule implements MatchRule {
    private static final int CAPITAL = 1;
    private static final int SMALL = 2;

    private final int maxDigits;
    private final boolean contractions;
    private final boolean hanApart;

    private CasedWordRule(int maxDigits, boolean contractions, boolean hanApart) {
        this.maxDigits = maxDigits;
        this.contractions = contractions;
        this.hanApart = hanApart;
    }

    static CasedWordRule of(int maxDigits, boolean contractions) {
        return new CasedWordRule(maxDigits, contractions, false);
    }

    static CasedWordRule withHanApart() {
        return new CasedWordRule(3, true, true);
    }

    @Override
    public int match(byte[] utf8, int at, int end) {
        int first = CodePoints.at(utf8, at, end);
        if (hanApart && isHan(first)) {
            return hanEnd(utf8, at, end);
        }
        int classes = CodePoints.classOf(first);
        if ((classes & CodePoints.NUMBER) != 0) {
            return WordRule.digitsEnd(utf8, at, end, maxDigits);
        }
        int second = at + CodePoints.length(utf8[at]);
        boolean isLetter = (classes & CodePoints.LETTER) != 0;
        int word = wordEnd(utf8, at, isLetter || CodePoints.isNewline(first) ? at : second, end);
        if (word > at) {
            return contractions ? Contractions.match(utf8, word, end, true) : word;
        }
        int start = first == ' ' ? second : at;
        int other = Gpt2Rule.otherEnd(utf8, start, end);
        if (other > start) {
            while (other < end && (CodePoints.isNewline(utf8[other]) || utf8[other] == '/' && !hanApart)) {
                other++;
            }
            return other;
        }
        return WhiteSpace.match(utf8, at, end, true);
    }

    /**
     * The end of {@code p?U*L+|p?U+L*}, or {@code at}: each alternative is tried with p and then, as a mark may be p or
     * begin the word, without.
     *
     * @param afterPrefix past p, or {@code at} where there is none
     */
    private int wordEnd(byte[] utf8, int at, int afterPrefix, int end) {
        int word = smallEnd(utf8, afterPrefix, end);
        if (word == afterPrefix && afterPrefix > at) {
            word = smallEnd(utf8, at, end);
        } else if (word == afterPrefix) {
            return capitalsEnd(utf8, at, end);
        }
        if (word > at) {
            return word;
        }
        int capitals = capitalsEnd(utf8, afterPrefix, end);
        return capitals > afterPrefix ? capitals : at;
    }

    /** The end of {@code U*L+}, or {@code from}. */
    private int smallEnd(byte[] utf8, int from, int end) {
        int capitals = from;
        int afterBoth = from;
        while (true) {
            int cases = casesAt(utf8, capitals, end);
            if ((cases & CAPITAL) == 0) {
                break;
            }
            capitals += CodePoints.length(utf8[capitals]);
            if ((cases & SMALL) != 0) {
                afterBoth = capitals;
            }
        }
        int position = capitals;
        while ((casesAt(utf8, position, end) & SMALL) != 0) {
            position += CodePoints.length(utf8[position]);
        }
        // No small letter follows: U* gives back what it took until L+ finds one without case, if there is one.
        return position > capitals ? position : afterBoth;
    }

    /** The end of {@code U+} where no L follows, or {@code from}. */
    private int capitalsEnd(byte[] utf8, int from, int end) {
        int position = from;
        while ((casesAt(utf8, position, end) & CAPITAL) != 0) {
            position += CodePoints.length(utf8[position]);
        }
        return position;
    }

    /** Whether the code point is in U and whether it is in L; a letter without case and a mark are in both. */
    private int casesAt(byte[] utf8, int position, int end) {
        int codePoint = CodePoints.at(utf8, position, end);
        if (!CodePoints.is(codePoint, CodePoints.LETTER | CodePoints.MARK) || hanApart && isHan(codePoint)) {
            return 0;
        }
        return switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> CAPITAL;
            case Character.LOWERCASE_LETTER -> SMALL;
            default -> CAPITAL | SMALL;
        };
    }

    private static int hanEnd(byte[] utf8, int from, int end) {
        int position = from;
        while (isHan(CodePoints.at(utf8, position, end))) {
            position += CodePoints.length(utf8[position]);
        }
        return position;
    }

    private static boolean isHan(int codePoint) {
        return codePoint > 0x7f && Character.UnicodeScript.of(codePoint) == Character.UnicodeScript.HAN;
    }
}
