package dev.chaku.internal.eval.measure;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the longest run of words that a text has in common with any of a collection of texts. Places of the collection
 * that begin with the same words are chained, and a chain is walked for each place of the text, as compressors do (Ziv
 * and Lempel 1977), but to its end. Immutable once made; thread-safe.
 */
public final class CopiedPassages {
    /** Words of the collection that are looked at. */
    public static final int MOST_WORDS = 2_000_000;

    /** Shorter runs count as none. */
    public static final int LEAST_RUN = 4;

    /** Stands between texts: no text has it. */
    private static final int SEAM = 0;

    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Long, Integer> lastPlace = new HashMap<>();
    private int[] words = new int[1024];
    private int[] placeBefore = {};
    private int n;
    private boolean whole = true;

    /** Keeps the words of texts, up to {@link #MOST_WORDS}. */
    public CopiedPassages(List<String> texts) {
        for (String text : texts) {
            for (String word : TextLikeness.words(text)) {
                add(ids.computeIfAbsent(word, unused -> ids.size() + 1));
            }
            add(SEAM);
            if (n >= MOST_WORDS) {
                whole = false;
                break;
            }
        }
        words = Arrays.copyOf(words, n);
        chain();
    }

    private void add(int word) {
        if (n == words.length) {
            words = Arrays.copyOf(words, 2 * n);
        }
        words[n++] = word;
    }

    private void chain() {
        placeBefore = new int[n];
        for (int place = 0; place + LEAST_RUN <= n; place++) {
            Integer before = lastPlace.put(beginning(words, place), place);
            placeBefore[place] = before == null ? -1 : before;
        }
    }

    /** A hash of the words that begin at a place: who finds one compares them. */
    private static long beginning(int[] text, int place) {
        long hash = 0;
        for (int i = place; i < place + LEAST_RUN; i++) {
            hash = hash * 1_000_003 + text[i];
        }
        return hash;
    }

    /** Whether all texts found room. */
    public boolean isWhole() {
        return whole;
    }

    /** Words of the longest run of a text that stands in the collection; 0 for less than {@link #LEAST_RUN}. */
    public int longest(String text) {
        int[] asked = TextLikeness.words(text).stream()
                .mapToInt(word -> ids.getOrDefault(word, -1))
                .toArray();
        int longest = 0;
        for (int from = 0; from + Math.max(LEAST_RUN, longest + 1) <= asked.length; from++) {
            int place = lastPlace.getOrDefault(beginning(asked, from), -1);
            for (; place >= 0; place = placeBefore[place]) {
                longest = Math.max(longest, run(asked, from, place, longest));
            }
        }
        return longest < LEAST_RUN ? 0 : longest;
    }

    /** How far two places agree; 0 where they are known not to agree further than so many words. */
    private int run(int[] asked, int from, int place, int beyond) {
        if (from + beyond >= asked.length || place + beyond >= n || asked[from + beyond] != words[place + beyond]) {
            return 0;
        }
        int run = 0;
        while (from + run < asked.length && place + run < n && asked[from + run] == words[place + run]) {
            run++;
        }
        return run;
    }
}
