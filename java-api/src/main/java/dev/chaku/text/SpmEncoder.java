package dev.chaku.text;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * SentencePiece BPE as llama.cpp does it: text begins as characters, and the adjacent pair whose union is the token of
 * greatest score, the leftmost of equals, is merged until none is left; a character that is no token becomes its bytes.
 *
 * <p>A space is written U+2581, and one is put before text that begins or follows a special token, if the model wants
 * it ({@link Spaces}). A heap of (score, position) over a doubly linked list makes this O(n log n); an entry is stale
 * when the pair at its position is now no token or one of another score.
 *
 * <p>SentencePiece merges a text as a whole. Most vocabularies have no token with a space after another character, so
 * that no merge crosses the beginning of a word: then each word can be merged on its own, with the same result, and
 * remembered.
 *
 * <p>Source: Kudo, Richardson, "SentencePiece", 2018.
 */
final class SpmEncoder implements PlainEncoder {
    private final Vocabulary vocabulary;
    private final Spaces spaces;
    private final Cuts cuts;
    private final boolean fusesUnknown;
    private final @Nullable PairTable merges;
    private final int[] byteTokens = new int[256];
    private final boolean wordsAreSeparate;
    private final WordCache cache = new WordCache();

    /** What becomes of spaces. */
    enum Spaces {
        /** One is put before each stretch of text, and all are escaped. */
        PREFIXED,
        /** All are escaped. */
        ESCAPED,
        /** One is put before each stretch that does not begin with one, and all are escaped: Metaspace, always. */
        ALWAYS_ONE,
        /** The same for the stretch that begins the text only: Metaspace, first. */
        FIRST_ONE,
        /** The normalizer has done what is to be done. */
        NORMALIZED
    }

    /** What is merged on its own. */
    enum Cuts {
        /** A text as a whole. */
        TEXT,
        /** Each space begins a word of its own, as where Metaspace splits. */
        SPACES,
        /** Newlines in a row, which stay whole if they are a token, and what is between them. */
        NEWLINES
    }

    /**
     * An encoder.
     *
     * @param fusesUnknown whether unknown characters in a row are one unknown token
     * @param merges the merges by the ids of their tokens, in place of those that scores make; or null
     */
    SpmEncoder(Vocabulary vocabulary, Spaces spaces, Cuts cuts, boolean fusesUnknown, @Nullable PairTable merges) {
        this.merges = merges;
        this.fusesUnknown = fusesUnknown;
        this.vocabulary = vocabulary;
        this.spaces = spaces;
        this.cuts = cuts;
        this.wordsAreSeparate = SpaceMarks.begin(vocabulary);
        for (int value = 0; value < 256; value++) {
            int token = vocabulary.find(String.format("<0x%02X>", value));
            byteTokens[value] = token >= 0 ? token : vocabulary.find(new byte[] {(byte) value}, 0, 1);
        }
    }

    @Override
    public void encode(byte[] utf8, int from, int to, boolean first, TokenBuffer out) {
        byte[] text = SpaceMarks.escape(spaces, utf8, from, to, first);
        int start = 0;
        while (start < text.length) {
            int end = cuts == Cuts.NEWLINES ? runEnd(text, start) : text.length;
            encodeRun(text, start, end, out);
            start = end;
        }
    }

    private void encodeRun(byte[] text, int from, int to, TokenBuffer out) {
        int newlines = cuts == Cuts.NEWLINES && text[from] == '\n' ? vocabulary.find(text, from, to) : -1;
        if (newlines >= 0) {
            out.add(newlines);
            return;
        }
        int start = from;
        while (start < to) {
            int end = cuts == Cuts.SPACES
                    ? SpaceMarks.markEnd(text, start)
                    : wordsAreSeparate ? SpaceMarks.wordEnd(text, start) : to;
            end = Math.min(end, to);
            encodeWord(text, start, end, out);
            start = end;
        }
    }

    /** Where newlines in a row end that begin at a position, or where the next ones begin. */
    private static int runEnd(byte[] text, int from) {
        int position = from + 1;
        while (position < text.length && (text[position] == '\n') == (text[from] == '\n')) {
            position++;
        }
        return position;
    }

    private void encodeWord(byte[] text, int from, int to, TokenBuffer out) {
        boolean brief = to - from <= WordCache.MAX_WORD_BYTES;
        if (brief && cache.find(text, from, to, out)) {
            return;
        }
        int before = out.size();
        new Merging(text, from, to).run(out);
        if (brief) {
            cache.put(text, from, to, out.toArray(before));
        }
    }

    /** One word or text on its way from characters to tokens; position i is the symbol that begins with character i. */
    private final class Merging {
        private final byte[] text;
        private final int count;
        private final int[] start;
        private final int[] end;
        private final int[] next;
        private final int[] previous;
        private final int[] pairToken;
        /** Of the pair that begins here, less for what is merged earlier. */
        private final int[] pairOrder;

        private final LongHeap heap = new LongHeap();

        Merging(byte[] text, int from, int to) {
            this.text = text;
            int characters = 0;
            for (int i = from; i < to; i++) {
                characters += (text[i] & 0xc0) == 0x80 ? 0 : 1;
            }
            count = characters;
            start = new int[count];
            end = new int[count];
            next = new int[count];
            previous = new int[count];
            pairToken = new int[count];
            pairOrder = new int[count];
            int position = from;
            for (int i = 0; i < count; i++) {
                start[i] = position;
                position += CodePoints.length(text[position]);
                end[i] = position;
                next[i] = i + 1 < count ? i + 1 : -1;
                previous[i] = i - 1;
            }
        }

        void run(TokenBuffer out) {
            for (int i = 0; i < count; i++) {
                scorePair(i);
            }
            while (!heap.isEmpty()) {
                long entry = heap.removeLeast();
                int position = (int) entry;
                int token = pairToken[position];
                if (token >= 0 && pairOrder[position] == (int) (entry >>> 32)) {
                    merge(position);
                }
            }
            boolean unknown = false;
            for (int i = 0; i >= 0 && i < count; i = next[i]) {
                unknown = emit(start[i], end[i], unknown && fusesUnknown, out);
            }
        }

        private void merge(int position) {
            int absorbed = next[position];
            int after = next[absorbed];
            end[position] = end[absorbed];
            pairToken[absorbed] = -1;
            next[position] = after;
            if (after >= 0) {
                previous[after] = position;
            }
            if (previous[position] >= 0) {
                scorePair(previous[position]);
            }
            scorePair(position);
        }

        private void scorePair(int position) {
            int right = next[position];
            int token = right < 0 ? -1 : vocabulary.find(text, start[position], end[right]);
            int order = token < 0
                    ? 0
                    : merges == null ? order(vocabulary.score(token)) : merges.rank(tokenOf(position), tokenOf(right));
            if (token >= 0 && merges != null && order == PairTable.NO_RANK) {
                token = -1;
            }
            pairToken[position] = token;
            pairOrder[position] = order;
            if (token >= 0) {
                heap.add((long) order << 32 | position);
            }
        }

        private int tokenOf(int position) {
            return vocabulary.find(text, start[position], end[position]);
        }

        /**
         * Adds a symbol's token, or those of its bytes, and tells whether it is unknown; one after another may be one.
         */
        private boolean emit(int from, int to, boolean fused, TokenBuffer out) {
            int token = vocabulary.find(text, from, to);
            if (token >= 0) {
                out.add(token);
                return false;
            }
            for (int i = from; i < to; i++) {
                if (byteTokens[text[i] & 0xff] < 0) {
                    if (!fused) {
                        vocabulary.addUnknown(Arrays.copyOfRange(text, from, to), out);
                    }
                    return true;
                }
            }
            for (int i = from; i < to; i++) {
                out.add(byteTokens[text[i] & 0xff]);
            }
            return false;
        }
    }

    /** An int that is less for a greater score. */
    private static int order(float score) {
        int bits = Float.floatToIntBits(score + 0f);
        return ~(bits ^ bits >> 31 & Integer.MAX_VALUE);
    }
}
