package dev.chaku.internal.registry;

import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.engine.LoraPair;
import java.util.Arrays;

/**
 * Frobenius norms of what adapters add to a product, s B A of N rows and K columns, and of the difference of two, in
 * float64 and without forming them: the inner product of B A and B' A' is the sum of all elements of (BᵀB') ∘ (A A'ᵀ),
 * two matrices of R by R'. Of two that are nearly the same the difference is right to about 1e-8 of their norm.
 */
public final class ProductNorms {
    private ProductNorms() {}

    /** The norm of what a pair adds. */
    public static double norm(AdapterWeights adapter, LoraPair pair) {
        return Math.sqrt(Math.max(0, inner(adapter, pair, adapter, pair)));
    }

    /** The norm of the difference of what two pairs of the same product add; K and N are the same. */
    public static double difference(AdapterWeights first, LoraPair one, AdapterWeights second, LoraPair other) {
        if (scale(first, one) == scale(second, other)
                && Arrays.equals(one.a(), other.a())
                && Arrays.equals(one.b(), other.b())) {
            return 0;
        }
        double square = inner(first, one, first, one)
                + inner(second, other, second, other)
                - 2 * inner(first, one, second, other);
        return Math.sqrt(Math.max(0, square));
    }

    private static double scale(AdapterWeights adapter, LoraPair pair) {
        return (double) adapter.alpha() / pair.rank();
    }

    private static double inner(AdapterWeights first, LoraPair one, AdapterWeights second, LoraPair other) {
        double sum = 0;
        for (int expert = 0; expert < one.experts(); expert++) {
            for (int r = 0; r < one.rank(); r++) {
                for (int s = 0; s < other.rank(); s++) {
                    sum += rows(one, r, other, s, expert) * columns(one, r, other, s, expert);
                }
            }
        }
        return scale(first, one) * scale(second, other) * sum;
    }

    /** Row r of the one's A by row s of the other's. */
    private static double rows(LoraPair one, int r, LoraPair other, int s, int expert) {
        int k = one.inputs();
        int from = (expert * one.rank() + r) * k;
        int otherFrom = (expert * other.rank() + s) * k;
        double sum = 0;
        for (int i = 0; i < k; i++) {
            sum += (double) one.a()[from + i] * other.a()[otherFrom + i];
        }
        return sum;
    }

    /** Column r of the one's B by column s of the other's. */
    private static double columns(LoraPair one, int r, LoraPair other, int s, int expert) {
        int from = expert * one.outputs() * one.rank() + r;
        int otherFrom = expert * other.outputs() * other.rank() + s;
        double sum = 0;
        for (int n = 0; n < one.outputs(); n++) {
            sum += (double) one.b()[from + n * one.rank()] * other.b()[otherFrom + n * other.rank()];
        }
        return sum;
    }
}
