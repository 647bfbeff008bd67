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
 * @param name in GGUF files, for instance {@code blk.3.attn_q.weight}
 */
public record TensorSpec(DecoderModule.Place place, Kind kind, GgmlType type, long rows, long columns, String name) {
  /** What a tensor is to its module; the ordinal is its number in the core. */
  public enum Kind {
    WEIGHT,
    BIAS
  }

  /** A tensor with the usual name of its place. */
  public TensorSpec(DecoderModule.Place place, Kind kind, GgmlType type, long rows, long columns) {
    this(place, kind, type, rows, columns, nameOf(place, kind));
  }

  /** The usual name of a place's tensor. */
  static String nameOf(DecoderModule.Place place, Kind kind) {
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
