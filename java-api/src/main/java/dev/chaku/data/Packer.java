package dev.chaku.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * Sequences to rows of a fixed length, by best-fit decreasing: the longest first, each into the fullest row that still
 * has room. The waste is at most a few tokens in a hundred on ordinary data (Johnson et al., 1974, bound it by 11/9 of
 * the optimum). The same seed and epoch give the same rows in the same order.
 */
public final class Packer {
  private final int rowTokens;
  private final boolean packing;
  private final long seed;

  /**
   * @param rowTokens length of a row; no sequence may be longer
   * @param packing false for one sequence a row
   */
  public Packer(int rowTokens, boolean packing, long seed) {
    this.rowTokens = rowTokens;
    this.packing = packing;
    this.seed = seed;
  }

  /** The rows of an epoch, shuffled. */
  public List<PackedRow> epoch(List<EncodedExample> examples, int epoch) {
    Random random = new Random(seed * 0x9E3779B97F4A7C15L + epoch);
    List<EncodedExample> shuffled = new ArrayList<>(examples);
    Collections.shuffle(shuffled, random);
    List<PackedRow> rows = pack(shuffled);
    Collections.shuffle(rows, random);
    return rows;
  }

  /** Rows in no random order, for evaluation. */
  public List<PackedRow> pack(List<EncodedExample> examples) {
    List<List<EncodedExample>> bins = new ArrayList<>();
    // Bins with room left, by that room, the oldest first among equals.
    TreeMap<Integer, List<Integer>> byRoom = new TreeMap<>();
    List<EncodedExample> order = new ArrayList<>(examples);
    if (packing) {
      order.sort(Comparator.comparingInt(EncodedExample::length).reversed());
    }
    for (EncodedExample example : order) {
      if (example.length() > rowTokens) {
        throw new IllegalArgumentException(
            "expected sequences of at most " + rowTokens + " tokens, got one of " + example.length());
      }
      Integer room = packing ? byRoom.ceilingKey(example.length()) : null;
      int bin;
      int left;
      if (room == null) {
        bin = bins.size();
        bins.add(new ArrayList<>());
        left = rowTokens - example.length();
      } else {
        List<Integer> fitting = byRoom.get(room);
        bin = fitting.remove(0);
        if (fitting.isEmpty()) {
          byRoom.remove(room);
        }
        left = room - example.length();
      }
      bins.get(bin).add(example);
      byRoom.computeIfAbsent(left, unused -> new ArrayList<>()).add(bin);
    }
    List<PackedRow> rows = new ArrayList<>(bins.size());
    bins.forEach(bin -> rows.add(PackedRow.of(bin)));
    return rows;
  }
}
