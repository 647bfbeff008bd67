package dev.chaku.text;

import java.util.Arrays;

/**
 * Byte strings numbered in the order of their arrival, found by their bytes: an open-addressing hash table over one
 * byte array, because vocabularies have hundreds of thousands of strings of a few bytes each. Thread-safe once filled.
 */
final class TokenTable {
    private byte[] bytes;
    private int[] ends;
    private int[] slots;
    private int size;
    private int longest;

    TokenTable(int expected) {
        bytes = new byte[8 * expected + 16];
        ends = new int[expected + 1];
        slots = new int[Math.max(16, Integer.highestOneBit(expected + 1) * 4)];
    }

    int size() {
        return size;
    }

    /** Bytes of the longest string. */
    int longest() {
        return longest;
    }

    int start(int id) {
        return id == 0 ? 0 : ends[id - 1];
    }

    int end(int id) {
        return ends[id];
    }

    /** The array that {@link #start} and {@link #end} point into. */
    byte[] bytes() {
        return bytes;
    }

    byte[] copyOf(int id) {
        return Arrays.copyOfRange(bytes, start(id), ends[id]);
    }

    /** The number of a string, or -1. */
    int find(byte[] text, int from, int to) {
        if (to - from > longest) {
            return -1;
        }
        int slot = slotOf(text, from, to);
        return slots[slot] - 1;
    }

    /** Numbers a string that is new, or gives the number that it has. */
    int intern(byte[] text, int from, int to) {
        int slot = slotOf(text, from, to);
        if (slots[slot] != 0) {
            return slots[slot] - 1;
        }
        if (2 * (size + 1) > slots.length) {
            rehash();
            slot = slotOf(text, from, to);
        }
        int length = to - from;
        int start = size == 0 ? 0 : ends[size - 1];
        if (bytes.length - start < length) {
            bytes = Arrays.copyOf(bytes, Math.max(start + length, bytes.length + bytes.length / 2));
        }
        if (size == ends.length) {
            ends = Arrays.copyOf(ends, size + size / 2 + 1);
        }
        System.arraycopy(text, from, bytes, start, length);
        ends[size] = start + length;
        slots[slot] = ++size;
        longest = Math.max(longest, length);
        return size - 1;
    }

    static int hash(byte[] text, int from, int to) {
        int hash = to - from;
        for (int i = from; i < to; i++) {
            hash = hash * 31 + text[i];
        }
        hash *= 0x9e3779b1;
        return hash ^ hash >>> 15;
    }

    private int slotOf(byte[] text, int from, int to) {
        int mask = slots.length - 1;
        int slot = hash(text, from, to) & mask;
        while (slots[slot] != 0) {
            int id = slots[slot] - 1;
            if (Arrays.equals(bytes, start(id), ends[id], text, from, to)) {
                return slot;
            }
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private void rehash() {
        slots = new int[slots.length * 2];
        for (int id = 0; id < size; id++) {
            slots[slotOf(bytes, start(id), ends[id])] = id + 1;
        }
    }
}
