package dev.chaku.internal.engine;

/**
 * A rotary position embedding: position p turns pair i by p * inverseFrequencies[i] radians.
 *
 * @param pairing which two values of a head form a pair
 * @param magnitude multiplies sine and cosine, 1 for none
 * @param longAfter contexts of more than so many tokens turn by other frequencies; 0 where all turn alike
 * @param inverseFrequencies one per pair, with longAfter as many again for long contexts; copied in and out
 */
public record RopeSpec(Pairing pairing, float magnitude, int longAfter, double[] inverseFrequencies) {
    /** Which values are rotated together. */
    public enum Pairing {
        /** (x[2i], x[2i+1]). */
        ADJACENT,
        /** (x[i], x[i + n/2]). */
        HALVES
    }

    /** A rotation that does not depend on the context. */
    public RopeSpec(Pairing pairing, float magnitude, double[] inverseFrequencies) {
        this(pairing, magnitude, 0, inverseFrequencies);
    }

    public RopeSpec {
        inverseFrequencies = inverseFrequencies.clone();
    }

    @Override
    public double[] inverseFrequencies() {
        return inverseFrequencies.clone();
    }
}
