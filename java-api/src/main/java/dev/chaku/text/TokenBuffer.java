package dev.chaku.text;

import java.util.Arrays;

/** A growing list of token ids. */
final class TokenBuffer {
    private int[] ids = new int[64];
    private int size;

    int size() {
        return size;
    }

    void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
        }
        ids[size++] = id;
    }

    void addAll(int[] more) {
        if (ids.length - size < more.length) {
            ids = Arrays.copyOf(ids, Math.max(2 * size, size + more.length));
        }
        System.arraycopy(more, 0, ids, size, more.length);
        size += more.length;
    }

    int at(int index) {
        return ids[index];
    }

    void remove(int index) {
        System.arraycopy(ids, index + 1, ids, index, --size - index);
    }

    void truncate(int newSize) {
        size = newSize;
    }

    int[] toArray() {
        return Arrays.copyOf(ids, size);
    }

    int[] toArray(int from) {
        return Arrays.copyOfRange(ids, from, size);
    }
}
