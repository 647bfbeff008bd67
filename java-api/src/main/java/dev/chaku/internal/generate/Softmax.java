package dev.chaku.internal.generate;

/**
 * Probabilities from logits.
 *
 * <p>exp(x) = 2^n 2^f with n = round(x log2 e) and |f| at most 1/2; 2^n is put together from bits and 2^f = e^(f ln 2)
 * from its series up to the seventh power, whose error (about 1e-8) is below that of a float. That takes a tenth of the
 * time of Math.exp, which a vocabulary of 150,000 tokens would feel.
 */
final class Softmax {
    private static final float LOG2_E = 1.44269504f;
    private static final float LN_2_HIGH = 0.693359375f;
    private static final float LN_2_LOW = -2.12194440e-4f;

    /** Below it the result is 0: no float between. */
    private static final float LEAST = -87;

    private Softmax() {}

    /** e^x for x at most 0; 0 for those below -87. */
    static float exp(float x) {
        if (!(x > LEAST)) {
            return 0;
        }
        int n = (int) (x * LOG2_E - 0.5f);
        float r = x - n * LN_2_HIGH - n * LN_2_LOW;
        float series = 1.98412698e-4f;
        series = series * r + 1.38888889e-3f;
        series = series * r + 8.33333333e-3f;
        series = series * r + 4.16666667e-2f;
        series = series * r + 1.66666667e-1f;
        series = series * r + 0.5f;
        series = series * r + 1;
        series = series * r + 1;
        return series * Float.intBitsToFloat((n + 127) << 23);
    }

    /** Writes the probabilities of the first n logits; of minus infinity it is 0. */
    static void of(float[] logits, float[] probabilities, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, logits[i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            float e = exp(logits[i] - max);
            probabilities[i] = e;
            sum += e;
        }
        float scale = (float) (1 / sum);
        for (int i = 0; i < n; i++) {
            probabilities[i] *= scale;
        }
    }
}
