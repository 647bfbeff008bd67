package dev.chaku.data;

import java.util.Arrays;
import java.util.Random;

/** Integers without a box each; it grows. Not thread-safe. */
final class IntSequence {
  private int[] values = new int[16];
  private int size;

  void add(int value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, 2 * size);
    }
    values[size++] = value;
  }

  int get(int i) {
    return values[i];
  }

  int size() {
    return size;
  }

  int[] toArray() {
    return Arrays.copyOf(values, size);
  }

  /** The numbers from 0 to n - 1. */
  static int[] upTo(int n) {
    int[] all = new int[n];
    Arrays.setAll(all, i -> i);
    return all;
  }

  /** Puts values into the order that {@link java.util.Collections#shuffle} gives a list. */
  static void shuffle(int[] values, Random random) {
    for (int i = values.length; i > 1; i--) {
      int other = random.nextInt(i);
      int value = values[i - 1];
      values[i - 1] = values[other];
      values[other] = value;
    }
  }
}
