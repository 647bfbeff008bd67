package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.MergeSettings;
import dev.chaku.merge.OutputRank;
import dev.chaku.merge.SignElection;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What PEFT's add_weighted_adapter is defined to give, on cases that were computed by hand. */
class PeftDefinitionsTest {
    private static final MergeSettings HALF = MergeSettings.defaults();

    /** Two adapters of rank 1 with 4 inputs and 2 outputs. */
    private static TermsOf pair(double[] weights, double[] scales, double[] a0, double[] b0, double[] a1, double[] b1) {
        return TermsOf.of(weights, scales, List.of(row(a0), row(a1)), List.of(column(b0), column(b1)));
    }

    private static double[][] row(double... values) {
        return new double[][] {values};
    }

    private static double[][] column(double... values) {
        return Naive.transposed(row(values));
    }

    private static Merged merge(String method, MergeSettings settings, TermsOf of) {
        return MergeRules.of(MergeMethod.of(method, settings)).merge(of.terms);
    }

    /** √(w s) in both factors: √(0.5·2) = 1 and √(2·2) = 2. */
    @Test
    void linear() {
        TermsOf of = pair(
                new double[] {0.5, 2},
                new double[] {2, 2},
                new double[] {1, 2, 3, 4},
                new double[] {1, -1},
                new double[] {10, 20, 30, 40},
                new double[] {3, 5});
        Merged merged = merge("linear", HALF, of);
        assertArrayEquals(new double[] {21, 42, 63, 84}, merged.a(), 1e-12);
        assertArrayEquals(new double[] {7, 9}, merged.b(), 1e-12);
        assertEquals(1, merged.rank());
    }

    /** The sign of a weight goes into A alone: A₁ - 2 A₂, B₁ + 2 B₂. */
    @Test
    void negativeWeightsOfFactors() {
        TermsOf of = pair(
                new double[] {1, -4},
                new double[] {1, 1},
                new double[] {1, 2, 3, 4},
                new double[] {1, -1},
                new double[] {1, 1, 1, 1},
                new double[] {3, 5});
        Merged merged = merge("linear", HALF, of);
        assertArrayEquals(new double[] {-1, 0, 1, 2}, merged.a(), 1e-12);
        assertArrayEquals(new double[] {7, 9}, merged.b(), 1e-12);
        Merged alone = merge("linear", HALF, of(-4, 0.25, new double[] {1, 2, 3, 4}, new double[] {1, -1}));
        assertArrayEquals(new double[] {-1, -2, -3, -4}, alone.a(), 1e-12);
        assertArrayEquals(new double[] {1, -1}, alone.b(), 1e-12);
    }

    private static TermsOf of(double weight, double scale, double[] a, double[] b) {
        return TermsOf.of(
                new double[] {weight},
                new double[] {scale},
                Collections.singletonList(row(a)),
                Collections.singletonList(column(b)));
    }

    /** A times weight and scale, B as it is. */
    @Test
    void cat() {
        TermsOf of = pair(
                new double[] {0.5, -2},
                new double[] {2, 3},
                new double[] {1, 2, 3, 4},
                new double[] {1, -1},
                new double[] {1, 0, 0, 1},
                new double[] {3, 5});
        Merged merged = merge("cat", HALF, of);
        assertEquals(2, merged.rank());
        assertArrayEquals(new double[] {1, 2, 3, 4, -6, 0, 0, -6}, merged.a(), 1e-12);
        assertArrayEquals(new double[] {1, 3, -1, 5}, merged.b(), 1e-12);
    }

    /**
     * Of A₁ = (4, -1, 3, 0.5) the two largest are 4 and 3, of A₂ = (-6, 5, 1, 2) they are -6 and 5. Sums (-2, 5, 3, 0)
     * elect -, +, +, +. What has the sign: -6 alone, 5 alone, 3 alone, nothing. Weights count after that: √4 = 2 and 1.
     * Of each B one stays: -1 and 8 at different places.
     */
    @Test
    void tiesByTheTotal() {
        TermsOf of = pair(
                new double[] {4, 1},
                new double[] {1, 1},
                new double[] {4, -1, 3, 0.5},
                new double[] {-1, 0.5},
                new double[] {-6, 5, 1, 2},
                new double[] {7, 8});
        Merged merged = merge("ties", HALF, of);
        assertArrayEquals(new double[] {-6, 5, 6, 0}, merged.a(), 1e-12);
        assertArrayEquals(new double[] {-2, 8}, merged.b(), 1e-12);
    }

    /** Where signs agree, the mean of the weighted values; all values are kept here. */
    @Test
    void tiesTakesTheMeanOfTheValuesOfTheSign() {
        TermsOf of = pair(
                new double[] {9, 1},
                new double[] {1, 1},
                new double[] {1, -2, 3, 0},
                new double[] {1, 1},
                new double[] {3, 2, -5, 4},
                new double[] {1, -1});
        Merged merged = merge("ties", HALF.withDensity(1), of);
        // (3·1 + 1·3) / 2; 2 elected by -2 + 2 = 0, which counts as plus; -5 outweighs 3; 4 alone, as 0 has no sign.
        assertArrayEquals(new double[] {3, 2, -5, 4}, merged.a(), 1e-12);
        assertArrayEquals(new double[] {2, 3}, merged.b(), 1e-12);
    }

    /** Three adapters: -9 outweighs 1 and 2 by the total, and is outvoted by number. */
    @Test
    void signsAreElectedByTheTotalOrTheNumber() {
        List<double[][]> as = List.of(row(1, 1), row(2, -1), row(-9, -1));
        List<double[][]> bs = List.of(column(1), column(1), column(1));
        TermsOf of = TermsOf.of(new double[] {1, 1, 1}, new double[] {1, 1, 1}, as, bs);
        MergeSettings all = HALF.withDensity(1);
        assertArrayEquals(new double[] {-9, -1}, merge("ties", all, of).a(), 1e-12);
        Merged byNumber = merge("ties", all.withSign(SignElection.FREQUENCY), of);
        assertArrayEquals(new double[] {1.5, -1}, byNumber.a(), 1e-12);
    }

    /** ⌊0.5 · 4⌋ of A, ⌊0.5 · 2⌋ of B, of each adapter; then √4 and √1. */
    @Test
    void magnitudePrune() {
        TermsOf of = pair(
                new double[] {4, 1},
                new double[] {1, 1},
                new double[] {4, -1, 3, 0.5},
                new double[] {-1, 0.5},
                new double[] {-6, 5, 1, 2},
                new double[] {7, 8});
        Merged merged = merge("magnitude_prune", HALF, of);
        assertArrayEquals(new double[] {2, 5, 6, 0}, merged.a(), 1e-12);
        assertArrayEquals(new double[] {-2, 8}, merged.b(), 1e-12);
        Merged less = merge("magnitude_prune", HALF.withDensity(0.49), of);
        assertArrayEquals(new double[] {2, 0, 0, 0}, less.a(), 1e-12);
        assertArrayEquals(new double[] {0, 0}, less.b(), 1e-12);
    }

    /** What is kept is grown by 1 / density. */
    @Test
    void dareGrowsWhatItKeeps() {
        TermsOf of = of(1, 1, new double[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, new double[] {1, -1});
        double[] a =
                merge("dare_linear", HALF.withDensity(0.25).withSeed(3), of).a();
        int kept = 0;
        for (int i = 0; i < a.length; i++) {
            if (a[i] != 0) {
                assertEquals(4.0 * (i + 1), a[i], 1e-12);
                kept++;
            }
        }
        assertEquals(true, kept > 0 && kept < a.length);
    }

    /** diag(3, 2) + diag(0, 5) = diag(3, 7): V gets the directions, B those of U times the lengths. */
    @Test
    void svd() {
        TermsOf of = TermsOf.of(
                new double[] {1, 2.5},
                new double[] {1, 2},
                List.of(new double[][] {{1, 0}, {0, 1}}, row(0, 1)),
                List.of(new double[][] {{3, 0}, {0, 2}}, column(0, 1)));
        Merged merged = merge("svd", HALF.withRank(OutputRank.of(1)), of);
        assertEquals(1, merged.rank());
        Naive.assertEqual(new double[][] {{0, 0}, {0, 7}}, of.productOf(merged), 1e-12, "the largest alone");
        assertEquals(1, Math.hypot(merged.a()[0], merged.a()[1]), 1e-12, "A is of unit length");
        assertEquals(49.0 / 58, merged.energy().orElseThrow(), 1e-12);
        assertEquals(2, merge("svd", HALF, of).rank(), "the largest rank of the adapters, unless told");
        assertEquals(
                1, merge("svd", HALF.withRank(OutputRank.keeping(0.84)), of).rank());
        assertEquals(
                2, merge("svd", HALF.withRank(OutputRank.keeping(0.85)), of).rank());
    }
}
