package dev.chaku.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * The merging loop of BPE training over distinct words with counts.
 *
 * <p>Pair counts are kept up to date: a merge touches only the words that hold its pair. The queue may hold outdated
 * counts, which are put right when they come up. Ties go to the pair of least symbol ids; nothing depends on hashing.
 *
 * <p>Source: Sennrich, Haddow, Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016.
 */
final class BpeTraining {
    private final TokenTable symbols = new TokenTable(1 << 12);
    private final int[][] words;
    private final long[] counts;
    private final Map<Long, Pair> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(
            Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::key));
    private final List<String> merges = new ArrayList<>();

    private static final class Pair {
        private long count;
        private final TokenBuffer words = new TokenBuffer();
    }

    private record Candidate(long key, long count) {}

    BpeTraining(TokenTable distinct, List<Long> wordCounts) {
        for (int value = 0; value < 256; value++) {
            symbols.intern(new byte[] {(byte) value}, 0, 1);
        }
        words = new int[distinct.size()][];
        counts = new long[words.length];
        for (int w = 0; w < words.length; w++) {
            words[w] = new int[distinct.end(w) - distinct.start(w)];
            for (int i = 0; i < words[w].length; i++) {
                words[w][i] = distinct.bytes()[distinct.start(w) + i] & 0xff;
            }
            counts[w] = wordCounts.get(w);
            addPairs(w, -1);
        }
        pairs.forEach((key, pair) -> queue.add(new Candidate(key, pair.count)));
    }

    /**
     * Merges until there are so many symbols or no pair occurs often enough.
     *
     * @param reserved spellings that no symbol may get
     */
    void run(int size, long leastCount, Set<String> reserved) {
        while (symbols.size() < size && !queue.isEmpty()) {
            Candidate best = queue.remove();
            Pair pair = pairs.get(best.key());
            if (pair.count < leastCount) {
                continue;
            }
            if (pair.count != best.count()) {
                queue.add(new Candidate(best.key(), pair.count));
                continue;
            }
            int left = (int) (best.key() >>> 32);
            int right = (int) best.key();
            byte[] merged = concatenate(left, right);
            if (!reserved.contains(ByteAlphabet.encode(merged))) {
                merges.add(spelling(left) + ' ' + spelling(right));
                merge(left, right, symbols.intern(merged, 0, merged.length), pair);
            }
        }
    }

    /** Spellings of all symbols in the byte alphabet, by id. */
    List<String> tokens() {
        List<String> tokens = new ArrayList<>();
        for (int id = 0; id < symbols.size(); id++) {
            tokens.add(spelling(id));
        }
        return tokens;
    }

    List<String> merges() {
        return merges;
    }

    private void merge(int left, int right, int merged, Pair pair) {
        int[] touched = pair.words.toArray();
        pair.words.truncate(0);
        for (int w : touched) {
            int[] word = words[w];
            int length = 0;
            int[] shorter = new int[word.length];
            for (int i = 0; i < word.length; i++) {
                boolean here = i + 1 < word.length && word[i] == left && word[i + 1] == right;
                shorter[length++] = here ? merged : word[i];
                i += here ? 1 : 0;
            }
            if (length < word.length) {
                removePairs(w);
                words[w] = Arrays.copyOf(shorter, length);
                addPairs(w, merged);
            }
        }
    }

    private void removePairs(int w) {
        int[] word = words[w];
        for (int i = 0; i + 1 < word.length; i++) {
            pairs.get(key(word[i], word[i + 1])).count -= counts[w];
        }
    }

    /**
     * Counts a word's pairs; those with the symbol that is new to it, or all if that is -1, note that they are in it.
     */
    private void addPairs(int w, int added) {
        int[] word = words[w];
        for (int i = 0; i + 1 < word.length; i++) {
            Pair pair = pairs.computeIfAbsent(key(word[i], word[i + 1]), key -> new Pair());
            pair.count += counts[w];
            if (added < 0) {
                pair.words.add(w);
            } else if (word[i] == added || word[i + 1] == added) {
                pair.words.add(w);
                queue.add(new Candidate(key(word[i], word[i + 1]), pair.count));
            }
        }
    }

    private byte[] concatenate(int left, int right) {
        byte[] first = symbols.copyOf(left);
        byte[] second = symbols.copyOf(right);
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private String spelling(int symbol) {
        return ByteAlphabet.encode(symbols.copyOf(symbol));
    }

    private static long key(int left, int right) {
        return (long) left << 32 | right;
    }
}
