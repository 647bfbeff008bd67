package dev.chaku.arch;

import dev.chaku.gguf.GgmlType;

/**
 * A tensor that a decoder uses.
 *
 * @param place where it is used
 * @param kind as the module's weight or its bias
 * @param type its format
 * @param rows N, 1 for vectors
 * @param columns K, the contiguous dimension
 */
public record TensorSpec(DecoderModule.Place place, Kind kind, GgmlType type, long rows, long columns) {
  /** What a tensor is to its module; the ordinal is its number in the core. */
  public enum Kind {
    WEIGHT,
    BIAS
  }

  /** The name in GGUF files, for instance {@code blk.3.attn_q.weight}. */
  public String name() {
    return place.name() + (kind == Kind.WEIGHT ? ".weight" : ".bias");
  }

  public long elements() {
    return Math.multiplyExact(rows, columns);
  }

  /** Size in its format. */
  public long bytes() {
    return type.tensorBytes(columns, rows);
  }
}
