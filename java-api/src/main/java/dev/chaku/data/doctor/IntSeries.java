package dev.chaku.data.doctor;

import java.util.Arrays;

/** Numbers added one by one. */
final class IntSeries {
  private int[] values = new int[256];
  private int n;

  void add(int value) {
    if (n == values.length) {
      values = Arrays.copyOf(values, 2 * n);
    }
    values[n++] = value;
  }

  int size() {
    return n;
  }

  int[] sorted() {
    int[] sorted = Arrays.copyOf(values, n);
    Arrays.sort(sorted);
    return sorted;
  }
}
