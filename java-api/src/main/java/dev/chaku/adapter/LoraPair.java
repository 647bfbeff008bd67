package dev.chaku.adapter;

import dev.chaku.arch.DecoderModule;

/**
 * The two matrices that adapt one product.
 *
 * @param place which product
 * @param rank R
 * @param inputs K
 * @param outputs N
 * @param a [R, K], row-major; not copied, not to be altered
 * @param b [N, R], row-major; not copied, not to be altered
 */
public record LoraPair(DecoderModule.Place place, int rank, int inputs, int outputs, float[] a, float[] b) {
  public LoraPair {
    if (a.length != (long) rank * inputs || b.length != (long) outputs * rank) {
      throw new IllegalArgumentException(
          place.name() + ": expected A of " + (long) rank * inputs + " and B of " + (long) outputs * rank
              + " values, got " + a.length + " and " + b.length);
    }
  }

  /** Number of values. */
  public long parameters() {
    return (long) a.length + b.length;
  }
}
