package dev.chaku.text;

import java.util.Arrays;

/**
 * The ids of words seen lately. A word has two places it may take; a new word displaces what it finds in the second, so
 * the cache never grows past its places. Thread-safe: entries are immutable, and a lost update only costs a miss.
 */
final class WordCache {
    /** Longer words are rare, and would let the cache grow large. */
    static final int MAX_WORD_BYTES = 48;

    private static final int PLACES = 1 << 15;

    private final Entry[] entries = new Entry[PLACES];

    private static final class Entry {
        private final byte[] word;
        private final int[] ids;

        Entry(byte[] word, int[] ids) {
            this.word = word;
            this.ids = ids;
        }

        boolean is(byte[] text, int from, int to) {
            return Arrays.equals(word, 0, word.length, text, from, to);
        }
    }

    /** Adds the ids of a word, if it is there. */
    boolean find(byte[] text, int from, int to, TokenBuffer out) {
        int place = place(text, from, to);
        Entry entry = entries[place];
        if (entry == null || !entry.is(text, from, to)) {
            entry = entries[place ^ 1];
            if (entry == null || !entry.is(text, from, to)) {
                return false;
            }
        }
        out.addAll(entry.ids);
        return true;
    }

    /** Remembers a word of at most {@link #MAX_WORD_BYTES}. */
    void put(byte[] text, int from, int to, int[] ids) {
        int place = place(text, from, to);
        entries[place ^ 1] = entries[place];
        entries[place] = new Entry(Arrays.copyOfRange(text, from, to), ids);
    }

    private static int place(byte[] text, int from, int to) {
        return TokenTable.hash(text, from, to) & PLACES - 1;
    }
}
