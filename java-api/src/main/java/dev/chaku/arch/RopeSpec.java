package dev.chaku.arch;

/**
 * A rotary position embedding: position p turns pair i by p * inverseFrequencies[i] radians.
 *
 * @param pairing which two values of a head form a pair
 * @param magnitude multiplies sine and cosine, 1 for none
 * @param inverseFrequencies one per pair; copied in and out
 */
public record RopeSpec(Pairing pairing, float magnitude, double[] inverseFrequencies) {
  /** Which values are rotated together; the ordinal is its number in the core. */
  public enum Pairing {
    /** (x[2i], x[2i+1]). */
    ADJACENT,
    /** (x[i], x[i + n/2]). */
    HALVES
  }

  public RopeSpec {
    inverseFrequencies = inverseFrequencies.clone();
  }

  @Override
  public double[] inverseFrequencies() {
    return inverseFrequencies.clone();
  }
}
