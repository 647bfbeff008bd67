package dev.chaku.text;

/** Ranks of pairs of symbols, an open-addressing hash table. A pair keeps its first rank. Thread-safe once filled. */
final class PairTable {
    /** The rank of a pair that is not there; greater than any other. */
    static final int NO_RANK = Integer.MAX_VALUE;

    private final long[] keys;
    private final int[] ranks;

    PairTable(int expected) {
        int slots = Math.max(16, Integer.highestOneBit(expected + 1) * 4);
        keys = new long[slots];
        ranks = new int[slots];
    }

    int rank(int left, int right) {
        int slot = slotOf(key(left, right));
        return keys[slot] == 0 ? NO_RANK : ranks[slot];
    }

    void putIfAbsent(int left, int right, int rank) {
        long key = key(left, right);
        int slot = slotOf(key);
        if (keys[slot] == 0) {
            keys[slot] = key;
            ranks[slot] = rank;
        }
    }

    private int slotOf(long key) {
        int mask = keys.length - 1;
        long hash = key * 0x9e3779b97f4a7c15L;
        int slot = (int) (hash >>> 32) & mask;
        while (keys[slot] != 0 && keys[slot] != key) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    /** Never 0, which marks an empty slot. */
    private static long key(int left, int right) {
        return (long) (left + 1) << 32 | right;
    }
}
