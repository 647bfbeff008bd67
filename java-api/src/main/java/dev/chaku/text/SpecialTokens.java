package dev.chaku.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;

/**
 * Finds the tokens of a vocabulary that are written out in a text: control tokens, and those that users defined, which
 * are tokens wherever they occur. Immutable and thread-safe.
 *
 * <p>Longer tokens are looked for first, over the whole text, and each from left to right. One walk finds where special
 * tokens begin and which lengths they have; only those positions are looked at again.
 */
final class SpecialTokens {
    private final Vocabulary vocabulary;
    private final ByteTrie trie = new ByteTrie();

    /** A stretch of text, or the special token that stands for it if {@code token} is not -1. */
    record Fragment(int from, int to, int token) {}

    /** Where special tokens begin in a text, in ascending order, and the lengths that occur. */
    private record Candidates(int[] positions, BitSet lengths) {}

    private SpecialTokens(Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    /** All special tokens. */
    static SpecialTokens of(Vocabulary vocabulary) {
        return of(vocabulary, id -> true, spelling -> spelling);
    }

    /** Those that are looked for in text as it comes, where a normalizer looks for others after it. */
    static SpecialTokens ofRaw(Vocabulary vocabulary) {
        return of(vocabulary, id -> !vocabulary.has(id, Vocabulary.NORMALIZED), spelling -> spelling);
    }

    /** Those that are looked for in normalized text, as the normalizer spells them. */
    static SpecialTokens ofNormalized(Vocabulary vocabulary, TextNormalizer normalizer) {
        return of(vocabulary, id -> vocabulary.has(id, Vocabulary.NORMALIZED), spelling -> normalizer
                .apply(new String(spelling, StandardCharsets.UTF_8))
                .getBytes(StandardCharsets.UTF_8));
    }

    private static SpecialTokens of(Vocabulary vocabulary, IntPredicate which, UnaryOperator<byte[]> spelled) {
        SpecialTokens tokens = new SpecialTokens(vocabulary);
        for (int id = 0; id < vocabulary.size(); id++) {
            if (vocabulary.has(id, Vocabulary.CONTROL | Vocabulary.USER_DEFINED | Vocabulary.UNKNOWN)
                    && which.test(id)) {
                tokens.trie.put(spelled.apply(vocabulary.spelling(id)), id);
            }
        }
        return tokens;
    }

    /**
     * Splits text at its special tokens.
     *
     * @param control whether control and unknown tokens are looked for too, not only user-defined ones
     */
    List<Fragment> split(byte[] utf8, boolean control) {
        List<Fragment> fragments = new ArrayList<>();
        if (utf8.length > 0) {
            fragments.add(new Fragment(0, utf8.length, Vocabulary.NONE));
        }
        Candidates candidates = candidates(utf8, control);
        BitSet lengths = candidates.lengths();
        for (int length = lengths.length() - 1; length > 0; length = lengths.previousSetBit(length - 1)) {
            List<Fragment> split = new ArrayList<>();
            for (Fragment fragment : fragments) {
                if (fragment.token() == Vocabulary.NONE) {
                    splitAt(utf8, fragment, length, control, candidates.positions(), split);
                } else {
                    split.add(fragment);
                }
            }
            fragments = split;
        }
        return fragments;
    }

    private Candidates candidates(byte[] utf8, boolean control) {
        TokenBuffer positions = new TokenBuffer();
        BitSet lengths = new BitSet();
        for (int i = 0; i < utf8.length; i++) {
            int node = trie.child(ByteTrie.ROOT, utf8[i]);
            boolean begins = false;
            for (int end = i + 1; node != ByteTrie.NONE; end++) {
                if (counts(trie.number(node), control)) {
                    lengths.set(end - i);
                    begins = true;
                }
                node = end < utf8.length ? trie.child(node, utf8[end]) : ByteTrie.NONE;
            }
            if (begins) {
                positions.add(i);
            }
        }
        return new Candidates(positions.toArray(), lengths);
    }

    private void splitAt(
            byte[] utf8, Fragment fragment, int length, boolean control, int[] positions, List<Fragment> out) {
        int from = fragment.from();
        int first = Arrays.binarySearch(positions, from);
        for (int i = first < 0 ? -first - 1 : first;
                i < positions.length && positions[i] + length <= fragment.to();
                i++) {
            int start = positions[i];
            int token = start < from ? Vocabulary.NONE : tokenAt(utf8, start, length);
            if (!counts(token, control)
                    || vocabulary.has(token, Vocabulary.SINGLE_WORD) && !isApart(utf8, start, start + length)) {
                continue;
            }
            int textEnd = vocabulary.has(token, Vocabulary.STRIPS_LEFT) ? spaceStart(utf8, from, start) : start;
            if (textEnd > from) {
                out.add(new Fragment(from, textEnd, Vocabulary.NONE));
            }
            out.add(new Fragment(start, start + length, token));
            from = start + length;
            if (vocabulary.has(token, Vocabulary.STRIPS_RIGHT)) {
                from = CodePoints.runEnd(utf8, from, fragment.to(), CodePoints.SPACE);
            }
        }
        if (from < fragment.to()) {
            out.add(new Fragment(from, fragment.to(), Vocabulary.NONE));
        }
    }

    /** Where the white space begins that ends a range. */
    private static int spaceStart(byte[] utf8, int from, int end) {
        int start = end;
        while (start > from && CodePoints.is(CodePoints.before(utf8, start), CodePoints.SPACE)) {
            start -= CodePoints.lengthBefore(utf8, start);
        }
        return start;
    }

    private static boolean isApart(byte[] utf8, int from, int to) {
        boolean begins = from == 0 || !CodePoints.isWord(CodePoints.before(utf8, from));
        return begins && (to == utf8.length || !CodePoints.isWord(CodePoints.at(utf8, to, utf8.length)));
    }

    private int tokenAt(byte[] utf8, int from, int length) {
        int node = ByteTrie.ROOT;
        for (int i = from; i < from + length && node != ByteTrie.NONE; i++) {
            node = trie.child(node, utf8[i]);
        }
        return node == ByteTrie.NONE ? Vocabulary.NONE : trie.number(node);
    }

    private boolean counts(int token, boolean control) {
        return token != Vocabulary.NONE && (control || !vocabulary.has(token, Vocabulary.CONTROL | Vocabulary.UNKNOWN));
    }

    /** The white space of the C locale. */
    static boolean isSpace(byte value) {
        return value == ' ' || value >= '\t' && value <= '\r';
    }
}
