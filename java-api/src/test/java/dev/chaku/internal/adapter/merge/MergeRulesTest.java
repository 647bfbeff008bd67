package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.MergeSettings;
import dev.chaku.merge.OutputRank;
import dev.chaku.merge.SignElection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every method against plain computations in float64 that form the whole product. */
class MergeRulesTest {
    private static final double[] WEIGHTS = {0.7, -0.4, 1.1};
    private static final double[] SCALES = {2, 0.5, 1};
    private static final double DENSITY = 0.3;

    private static TermsOf equalRanks() {
        return TermsOf.random(1, 37, 23, WEIGHTS, SCALES, 4, 4, 4);
    }

    private static TermsOf otherRanks() {
        return TermsOf.random(2, 37, 23, WEIGHTS, SCALES, 2, 5, 3);
    }

    private static MergeSettings settings() {
        return MergeSettings.defaults().withDensity(DENSITY).withSeed(7);
    }

    private static Merged merge(String method, MergeSettings settings, TermsOf of) {
        return MergeRules.of(MergeMethod.of(method, settings)).merge(of.terms);
    }

    /** Zero but for the ⌊density · number⌋ of the largest magnitudes, by sorting. */
    private static double[][] largest(double[][] m) {
        double[] all = Arrays.stream(m)
                .flatMapToDouble(Arrays::stream)
                .map(Math::abs)
                .sorted()
                .toArray();
        double least = all[all.length - (int) (DENSITY * all.length)];
        double[][] kept = Arrays.stream(m).map(double[]::clone).toArray(double[][]::new);
        for (double[] row : kept) {
            for (int j = 0; j < row.length; j++) {
                row[j] = Math.abs(row[j]) < least ? 0 : row[j];
            }
        }
        return kept;
    }

    /** Zero or grown, by the rule's own random numbers. */
    private static double[][] kept(double[][] m, String key) {
        CounterRandom random = new CounterRandom(7, key);
        double[][] kept = new double[m.length][m[0].length];
        for (int i = 0; i < m.length; i++) {
            for (int j = 0; j < m[0].length; j++) {
                boolean stays = random.at((long) i * m[0].length + j) < DENSITY;
                kept[i][j] = stays ? m[i][j] / DENSITY : 0;
            }
        }
        return kept;
    }

    private static double[][] elected(List<double[][]> all, double[] weights, SignElection election) {
        double[][] result = new double[all.get(0).length][all.get(0)[0].length];
        for (int i = 0; i < result.length; i++) {
            for (int j = 0; j < result[0].length; j++) {
                List<Double> here = new ArrayList<>();
                for (double[][] one : all) {
                    here.add(one[i][j]);
                }
                double votes = here.stream()
                        .mapToDouble(v -> election == SignElection.TOTAL ? v : Math.signum(v))
                        .sum();
                double sign = votes >= 0 ? 1 : -1;
                double sum = 0;
                int count = 0;
                for (int k = 0; k < here.size(); k++) {
                    if (Math.signum(here.get(k)) == sign) {
                        sum += weights[k] * here.get(k);
                        count++;
                    }
                }
                result[i][j] = sum / Math.max(1, count);
            }
        }
        return result;
    }

    @Test
    void catIsTheSum() {
        TermsOf of = otherRanks();
        Merged merged = merge("cat", settings(), of);
        assertEquals(10, merged.rank());
        Naive.assertEqual(Naive.sum(WEIGHTS, of.products()), of.productOf(merged), 1e-12, "cat");
    }

    @TestFactory
    Stream<DynamicTest> svdIsTheBestApproximation() {
        return Stream.of(1, 2, 5, 9, 10, 11)
                .map(rank -> DynamicTest.dynamicTest("rank " + rank, () -> {
                    for (TermsOf of : List.of(otherRanks(), TermsOf.random(3, 6, 40, WEIGHTS, SCALES, 2, 5, 3))) {
                        Merged merged = merge("svd", settings().withRank(OutputRank.of(rank)), of);
                        double[][] sum = Naive.sum(WEIGHTS, of.products());
                        int most = Math.min(10, of.terms.outputs());
                        assertEquals(Math.min(rank, most), merged.rank());
                        double[][] best = Naive.approximation(sum, merged.rank());
                        Naive.assertEqual(best, of.productOf(merged), 1e-9, "svd of rank " + rank);
                        double share = Naive.sumOfSquares(best) / Naive.sumOfSquares(sum);
                        assertEquals(share, merged.energy().orElseThrow(), 1e-12);
                    }
                }));
    }

    @Test
    void theRankIsTheSmallestThatKeepsTheEnergy() {
        TermsOf of = otherRanks();
        double[] sigma = Naive.singularValues(Naive.sum(WEIGHTS, of.products()));
        double total = Arrays.stream(sigma).map(s -> s * s).sum();
        for (double energy : new double[] {0.1, 0.5, 0.9, 0.99, 0.999999}) {
            int rank = 0;
            double kept = 0;
            while (kept < energy * total) {
                kept += sigma[rank] * sigma[rank];
                rank++;
            }
            Merged merged = merge("svd", settings().withRank(OutputRank.keeping(energy)), of);
            assertEquals(rank, merged.rank(), "energy " + energy);
            assertEquals(kept / total, merged.energy().orElseThrow(), 1e-10);
        }
        assertEquals(
                3,
                merge("svd", settings().withRank(new OutputRank(3, 0.999)), of).rank(),
                "a limit holds");
    }

    @Test
    void twoAdaptersThatAreTheSameHaveTheRankOfOne() {
        TermsOf one = TermsOf.random(9, 20, 30, new double[] {1}, new double[] {1}, 4);
        TermsOf twice = TermsOf.of(
                new double[] {0.25, 0.75},
                new double[] {1, 1},
                List.of(one.as.get(0), one.as.get(0)),
                List.of(one.bs.get(0), one.bs.get(0)));
        Merged merged = merge("svd", settings().withRank(OutputRank.keeping(0.999999999)), twice);
        assertEquals(4, merged.rank());
        Naive.assertEqual(one.products().get(0), twice.productOf(merged), 1e-12, "the same");
    }

    @Test
    void whatCancelsIsZero() {
        TermsOf one = TermsOf.random(9, 20, 30, new double[] {1}, new double[] {1}, 4);
        TermsOf both = TermsOf.of(
                new double[] {1, -1},
                new double[] {1, 1},
                List.of(one.as.get(0), one.as.get(0)),
                List.of(one.bs.get(0), one.bs.get(0)));
        for (String method : List.of("svd", "cat", "ties_svd", "magnitude_prune_svd")) {
            Merged merged = merge(method, settings().withDensity(1), both);
            double largest = Naive.sumOfSquares(both.productOf(merged));
            boolean elects = method.startsWith("ties"); // Both values have the elected sign, with opposite weights.
            assertEquals(0, largest, 1e-20, method + elects);
        }
    }

    @TestFactory
    Stream<DynamicTest> factorsAreCombinedEachByItself() {
        return Stream.of("linear", "ties", "dare_linear", "dare_ties", "magnitude_prune")
                .flatMap(method -> Stream.of(SignElection.values())
                        .map(sign -> DynamicTest.dynamicTest(method + " " + sign, () -> {
                            TermsOf of = equalRanks();
                            Merged merged = merge(method, settings().withSign(sign), of);
                            double[] aWeights = new double[3];
                            double[] bWeights = new double[3];
                            for (int i = 0; i < 3; i++) {
                                bWeights[i] = Math.sqrt(Math.abs(WEIGHTS[i] * SCALES[i]));
                                aWeights[i] = Math.signum(WEIGHTS[i]) * bWeights[i];
                            }
                            double[][] a = naive(method, sign, of.as, aWeights, "blk.0.attn_q/0/a/");
                            double[][] b = naive(method, sign, of.bs, bWeights, "blk.0.attn_q/0/b/");
                            Naive.assertEqual(a, Naive.rows(merged.a(), 4, 23), 1e-12, "A");
                            Naive.assertEqual(b, Naive.rows(merged.b(), 37, 4), 1e-12, "B");
                        })));
    }

    private static double[][] naive(
            String method, SignElection sign, List<double[][]> all, double[] weights, String key) {
        List<double[][]> pruned = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            double[][] one = all.get(i);
            pruned.add(
                    method.startsWith("dare") ? kept(one, key + i) : method.startsWith("linear") ? one : largest(one));
        }
        return method.contains("ties") ? elected(pruned, weights, sign) : Naive.sum(weights, pruned);
    }

    @TestFactory
    Stream<DynamicTest> productsAreCombinedAndApproximated() {
        return Stream.of("ties", "dare_linear", "dare_ties", "magnitude_prune").flatMap(method -> Stream.of(
                        SignElection.values())
                .map(sign -> DynamicTest.dynamicTest(method + "_svd " + sign, () -> {
                    for (TermsOf of : List.of(otherRanks(), TermsOf.random(4, 150, 70, WEIGHTS, SCALES, 3, 2, 6))) {
                        double[][] whole = naive(method, sign, of.products(), WEIGHTS, "blk.0.attn_q/0/");
                        for (int rank : new int[] {1, 4, 11, 23}) {
                            check(method + "_svd", sign, of, whole, rank);
                        }
                    }
                })));
    }

    private static void check(String method, SignElection sign, TermsOf of, double[][] whole, int rank) {
        MergeSettings settings = settings().withSign(sign).withRank(OutputRank.of(rank));
        Merged merged = merge(method, settings, of);
        assertEquals(rank, merged.rank());
        double total = Naive.sumOfSquares(whole);
        double best = Naive.sumOfSquares(Naive.approximation(whole, rank));
        double[][] product = of.productOf(merged);
        double error = Naive.sumOfSquares(Naive.sum(new double[] {1, -1}, List.of(whole, product)));
        // The best error is total - best; what an iteration leaves is a part in a million of what is kept.
        assertTrue(
                error <= total - best + 2e-6 * total,
                () -> "rank " + rank + ": error " + error + ", best " + (total - best) + " of " + total);
        assertEquals(1 - error / total, merged.energy().orElseThrow(), 1e-9);
    }

    @Test
    void aRankOfAllLeavesNothingOut() {
        TermsOf of = otherRanks();
        double[][] whole = naive("ties", SignElection.TOTAL, of.products(), WEIGHTS, "");
        Merged merged = merge("ties_svd", settings().withRank(OutputRank.of(23)), of);
        Naive.assertEqual(whole, of.productOf(merged), 1e-11, "ties of products");
        assertEquals(1, merged.energy().orElseThrow(), 1e-12);
    }

    /** The angle from whole products; the result lies on the arc between them. */
    @Test
    void slerpFollowsTheArc() {
        TermsOf of = TermsOf.random(6, 25, 31, new double[] {0.6, 0.9}, new double[] {2, 0.5}, 3, 5);
        List<double[][]> products = of.products();
        double inner = 0;
        for (int i = 0; i < 25; i++) {
            for (int j = 0; j < 31; j++) {
                inner += products.get(0)[i][j] * products.get(1)[i][j];
            }
        }
        double cosine = inner / Math.sqrt(Naive.sumOfSquares(products.get(0)) * Naive.sumOfSquares(products.get(1)));
        double angle = Math.acos(cosine);
        double t = 0.9 / 1.5;
        double[] shares = {Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)};
        Merged merged = merge("slerp", settings(), of);
        assertEquals(8, merged.rank(), "exact unless a rank is asked for");
        double[][] expected = Naive.sum(shares, products);
        Naive.assertEqual(expected, of.productOf(merged), 1e-11, "slerp");
        Merged shorter = merge("slerp", settings().withRank(OutputRank.of(4)), of);
        Naive.assertEqual(Naive.approximation(expected, 4), of.productOf(shorter), 1e-9, "slerp of rank 4");
    }

    @Test
    void slerpOfParallelOppositeAndZeroIsLinear() {
        TermsOf one = TermsOf.random(6, 25, 31, new double[] {1}, new double[] {1}, 3);
        double[][] b = one.bs.get(0);
        double[][] a = one.as.get(0);
        double[][] product = one.products().get(0);
        for (double factor : new double[] {2, -2, 0}) {
            double[][] other = Naive.scaled(factor, b);
            TermsOf of = TermsOf.of(new double[] {0.75, 0.25}, new double[] {1, 1}, List.of(a, a), List.of(b, other));
            Merged merged = merge("slerp", settings(), of);
            double[][] expected = Naive.scaled(0.75 + 0.25 * factor, product);
            Naive.assertEqual(expected, of.productOf(merged), 1e-12, "a product and " + factor + " of it");
        }
    }

    @Test
    void slerpOfOneIsItsShare() {
        TermsOf of = TermsOf.random(6, 25, 31, new double[] {1}, new double[] {2}, 3);
        Terms first = of.terms;
        Terms alone = new Terms(first.name(), 0, first.outputs(), first.inputs(), List.of(1.0, 3.0), first.terms());
        Merged merged =
                MergeRules.of(new MergeMethod.Slerp(OutputRank.ofMethod())).merge(alone);
        double[][] expected = Naive.sum(new double[] {0.25}, of.products());
        Naive.assertEqual(expected, of.productOf(merged), 1e-12, "a quarter");
    }

    @Test
    void dareKeepsItsShareAndTheMean() {
        CounterRandom random = new CounterRandom(11, "x");
        int kept = 0;
        double sum = 0;
        for (int i = 0; i < 100_000; i++) {
            kept += random.at(i) < 0.3 ? 1 : 0;
            sum += random.at(i);
        }
        // Four standard deviations.
        assertEquals(30_000, kept, 4 * Math.sqrt(100_000 * 0.21));
        assertEquals(0.5, sum / 100_000, 4 * Math.sqrt(1 / 12.0 / 100_000));
        assertTrue(
                new CounterRandom(11, "y").at(0) != random.at(0) && new CounterRandom(12, "x").at(0) != random.at(0));
    }

    @Test
    void aDensityOfOneDropsNothing() {
        TermsOf of = equalRanks();
        MergeSettings all = settings().withDensity(1);
        for (String method : List.of("dare_linear", "magnitude_prune")) {
            Merged merged = merge(method, all, of);
            Merged linear = merge("linear", all, of);
            assertEquals(Arrays.toString(linear.a()), Arrays.toString(merged.a()), method);
        }
        Merged product = merge("dare_linear_svd", all.withRank(OutputRank.of(12)), of);
        Naive.assertEqual(Naive.sum(WEIGHTS, of.products()), of.productOf(product), 1e-11, "the sum itself");
    }
}
