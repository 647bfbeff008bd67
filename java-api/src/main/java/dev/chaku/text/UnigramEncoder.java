package dev.chaku.text;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * SentencePiece Unigram, as of T5 and XLM-RoBERTa: of all ways to write a text as tokens the one with the greatest sum
 * of scores, which are logarithms of probabilities. A character that is no token is unknown, at a score ten below that
 * of the least token; unknown ones in a row are one.
 *
 * <p>Tokens are found in a sorted list, a byte at a time, and the best way to each position is kept: O(n) for a text of
 * n bytes. Words that no token crosses are taken apart on their own, with the same result, and remembered.
 *
 * <p>Source: Kudo, "Subword Regularization", 2018; SentencePiece's and llama.cpp's penalty of unknown characters.
 */
final class UnigramEncoder implements PlainEncoder {
    private static final double UNKNOWN_PENALTY = 10;

    private final Vocabulary vocabulary;
    private final Escaping escaping;
    private final boolean cuts;
    private final boolean wordsAreSeparate;
    private final double unknownScore;
    /** Ids in the order of their spellings, which follow. */
    private final int[] sorted;

    private final byte[][] spellings;
    private final WordCache cache = new WordCache();

    /** Makes U+2581 of spaces, and what else is done before tokens are looked for. */
    interface Escaping {
        byte[] apply(byte[] utf8, int from, int to, boolean first);
    }

    /** @param cuts whether each space begins a word of its own, as where Metaspace splits */
    UnigramEncoder(Vocabulary vocabulary, Escaping escaping, boolean cuts) {
        this.vocabulary = vocabulary;
        this.escaping = escaping;
        this.cuts = cuts;
        this.wordsAreSeparate = SpaceMarks.begin(vocabulary);
        int known = Vocabulary.NORMAL | Vocabulary.USER_DEFINED | Vocabulary.UNUSED;
        this.sorted = IntStream.range(0, vocabulary.size())
                .filter(id -> vocabulary.has(id, known) && !vocabulary.has(id, Vocabulary.CONTROL))
                .boxed()
                .sorted((a, b) -> Arrays.compareUnsigned(vocabulary.spelling(a), vocabulary.spelling(b)))
                .mapToInt(Integer::intValue)
                .toArray();
        this.spellings = IntStream.of(sorted).mapToObj(vocabulary::spelling).toArray(byte[][]::new);
        this.unknownScore = IntStream.of(sorted)
                        .filter(id -> vocabulary.has(id, Vocabulary.NORMAL))
                        .mapToDouble(vocabulary::score)
                        .min()
                        .orElse(0)
                - UNKNOWN_PENALTY;
    }

    @Override
    public void encode(byte[] utf8, int from, int to, boolean first, TokenBuffer out) {
        if (from == to) {
            return;
        }
        byte[] text = escaping.apply(utf8, from, to, first);
        int begun = out.size();
        for (int start = 0; start < text.length; ) {
            int end = cuts
                    ? SpaceMarks.markEnd(text, start)
                    : wordsAreSeparate ? SpaceMarks.wordEnd(text, start) : text.length;
            int before = out.size();
            encodeWord(text, start, end, out);
            if (before > begun && isUnknown(out.at(before - 1)) && isUnknown(out.at(before))) {
                out.remove(before);
            }
            start = end;
        }
    }

    private boolean isUnknown(int id) {
        return id == vocabulary.settings().unknown();
    }

    private void encodeWord(byte[] text, int from, int to, TokenBuffer out) {
        boolean brief = to - from <= WordCache.MAX_WORD_BYTES;
        if (brief && cache.find(text, from, to, out)) {
            return;
        }
        int before = out.size();
        new Search(text, from, to).run(out);
        if (brief) {
            cache.put(text, from, to, out.toArray(before));
        }
    }

    /** The best way through one word or text. */
    private final class Search {
        private static final int NO_WAY = -2;

        private final byte[] text;
        private final int from;
        private final int to;
        /** Of the best way to each position. */
        private final double[] scores;
        /** The token that it ends with, {@link Vocabulary#NONE} for an unknown character. */
        private final int[] tokens;

        private final int[] starts;

        Search(byte[] text, int from, int to) {
            this.text = text;
            this.from = from;
            this.to = to;
            scores = new double[to - from + 1];
            tokens = new int[to - from + 1];
            starts = new int[to - from + 1];
            Arrays.fill(tokens, NO_WAY);
            tokens[0] = Vocabulary.NONE;
        }

        void run(TokenBuffer out) {
            for (int position = from; position < to; position += CodePoints.length(text[position])) {
                goOn(position);
            }
            int[] ids = new int[to - from];
            int first = ids.length;
            boolean unknown = false;
            for (int end = to; end > from; end = starts[end - from]) {
                int token = tokens[end - from];
                if (token != Vocabulary.NONE || !unknown) {
                    ids[--first] = token;
                }
                unknown = token == Vocabulary.NONE;
            }
            for (int i = first; i < ids.length; i++) {
                if (ids[i] == Vocabulary.NONE) {
                    vocabulary.addUnknown(Arrays.copyOfRange(text, from, to), out);
                } else {
                    out.add(ids[i]);
                }
            }
        }

        /** Tries each token that begins at a position. */
        private void goOn(int position) {
            int character = Math.min(to, position + CodePoints.length(text[position]));
            boolean known = false;
            int low = 0;
            int high = sorted.length;
            for (int end = position + 1; end <= to && low < high; end++) {
                int depth = end - 1 - position;
                int unit = text[end - 1] & 0xff;
                low = firstAtLeast(low, high, depth, unit);
                high = firstAtLeast(low, high, depth, unit + 1);
                if (low < high && spellings[low].length == depth + 1) {
                    take(position, end, sorted[low], vocabulary.score(sorted[low]));
                    known |= end == character;
                }
            }
            if (!known) {
                take(position, character, Vocabulary.NONE, unknownScore);
            }
        }

        private void take(int start, int end, int token, double score) {
            double sum = scores[start - from] + score;
            if (tokens[end - from] == NO_WAY || sum > scores[end - from]) {
                scores[end - from] = sum;
                tokens[end - from] = token;
                starts[end - from] = start;
            }
        }
    }

    /** The first of some spellings with the same beginning whose next byte, if it has one, is no less. */
    private int firstAtLeast(int from, int to, int depth, int unit) {
        int low = from;
        int high = to;
        while (low < high) {
            int middle = (low + high) >>> 1;
            byte[] spelling = spellings[middle];
            if (spelling.length <= depth || (spelling[depth] & 0xff) < unit) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
