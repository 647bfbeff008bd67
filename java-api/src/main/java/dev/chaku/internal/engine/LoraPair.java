package dev.chaku.internal.engine;

import dev.chaku.errors.BadInputException;

/**
 * The two matrices that adapt one product, or those of all experts of a product, stacked.
 *
 * @param place which product
 * @param experts E where the product is one of experts, else 1
 * @param rank R
 * @param inputs K
 * @param outputs N, of each expert
 * @param a [E, R, K], row-major; not copied, not to be altered
 * @param b [E, N, R], row-major; not copied, not to be altered
 */
public record LoraPair(
        DecoderModule.Place place, int experts, int rank, int inputs, int outputs, float[] a, float[] b) {
    public LoraPair {
        long aSize = (long) experts * rank * inputs;
        long bSize = (long) experts * outputs * rank;
        if (experts < 1 || a.length != aSize || b.length != bSize) {
            throw new IllegalArgumentException(place.name() + ": expected A of " + aSize + " and B of " + bSize
                    + " values, got " + a.length + " and " + b.length);
        }
    }

    /** The matrices of a product that is none of experts. */
    public LoraPair(DecoderModule.Place place, int rank, int inputs, int outputs, float[] a, float[] b) {
        this(place, 1, rank, inputs, outputs, a, b);
    }

    /**
     * Checks that all values are finite: one that is not makes every text nonsense.
     *
     * @param source for messages: the adapter's file
     * @throws BadInputException if one is not
     */
    public void requireFinite(String source) {
        requireFinite(source, "lora_a", a);
        requireFinite(source, "lora_b", b);
    }

    private void requireFinite(String source, String half, float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw notFinite(source + ": tensor " + place.name() + ".weight." + half, values[i], i);
            }
        }
    }

    /** The refusal of a value that is not finite. */
    public static BadInputException notFinite(String tensor, float value, int element) {
        return new BadInputException(tensor + ": expected finite values, found " + value + " at element " + element
                + "; its training diverged, or its values were too large for their format");
    }

    /** Number of values. */
    public long parameters() {
        return (long) a.length + b.length;
    }
}
