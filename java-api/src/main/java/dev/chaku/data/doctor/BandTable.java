package dev.chaku.data.doctor;

import java.util.Arrays;

/**
 * Numbers of texts under the keys that they have, a few per key, in arrays: an open-addressing table of keys, each with
 * the head of a chain. Some 30 bytes an entry. Not thread-safe.
 */
final class BandTable {
  private static final int NONE = -1;

  private final int most;
  private long[] keys = new long[1 << 10];
  private int[] heads = empty(1 << 10);
  private int[] numbers = new int[1 << 10];
  private int[] next = new int[1 << 10];
  private int used;
  private int entries;

  /** @param most numbers kept under one key; later ones are not */
  BandTable(int most) {
    this.most = most;
  }

  void add(long key, int number) {
    int place = place(key);
    int length = 0;
    int last = NONE;
    for (int at = heads[place]; at != NONE; at = next[at]) {
      last = at;
      length++;
    }
    if (length == most) {
      return;
    }
    if (entries == numbers.length) {
      numbers = Arrays.copyOf(numbers, 2 * entries);
      next = Arrays.copyOf(next, 2 * entries);
    }
    numbers[entries] = number;
    next[entries] = NONE;
    if (last != NONE) {
      next[last] = entries++;
      return;
    }
    keys[place] = key;
    heads[place] = entries++;
    used++;
    if (2 * used > keys.length) {
      grow();
    }
  }

  /** The first entry under a key, or -1; its number is told by {@link #number}, the entry after it by {@link #after}. */
  int first(long key) {
    return heads[place(key)];
  }

  int number(int entry) {
    return numbers[entry];
  }

  int after(int entry) {
    return next[entry];
  }

  /** Where a key is, or the free place where it would be. */
  private int place(long key) {
    int mask = keys.length - 1;
    int place = (int) (key ^ key >>> 32) & mask;
    while (heads[place] != NONE && keys[place] != key) {
      place = place + 1 & mask;
    }
    return place;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldHeads = heads;
    keys = new long[2 * oldKeys.length];
    heads = empty(2 * oldKeys.length);
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldHeads[i] != NONE) {
        int place = place(oldKeys[i]);
        keys[place] = oldKeys[i];
        heads[place] = oldHeads[i];
      }
    }
  }

  private static int[] empty(int n) {
    int[] heads = new int[n];
    Arrays.fill(heads, NONE);
    return heads;
  }
}
