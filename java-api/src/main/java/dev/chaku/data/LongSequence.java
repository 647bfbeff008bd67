package dev.chaku.data;

import java.util.Arrays;

/** Longs without a box each; it grows. Not thread-safe. */
final class LongSequence {
  private long[] values = new long[16];
  private int size;

  void add(long value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, 2 * size);
    }
    values[size++] = value;
  }

  long get(int i) {
    return values[i];
  }
}
