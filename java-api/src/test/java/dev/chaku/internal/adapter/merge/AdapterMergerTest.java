package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.merge.MergeMethod;
import dev.chaku.merge.MergeReport;
import dev.chaku.merge.MergeSettings;
import dev.chaku.merge.OutputRank;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterMergerTest {
    private static final Place Q0 = DecoderModule.ATTN_Q.at(0);
    private static final Place Q1 = DecoderModule.ATTN_Q.at(1);
    private static final Place DOWN1 = DecoderModule.FFN_DOWN.at(1);
    private static final Place EXPERTS = DecoderModule.EXPERT_UP.at(0);

    private static float[] values(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static LoraPair pair(Place place, int experts, int rank, int inputs, int outputs, long seed) {
        Random random = new Random(seed);
        float[] a = values(random, experts * rank * inputs);
        return new LoraPair(place, experts, rank, inputs, outputs, a, values(random, experts * outputs * rank));
    }

    private static MergeParent parent(String name, float alpha, double weight, LoraPair... pairs) {
        return parent(name, alpha, weight, Map.of(), pairs);
    }

    private static MergeParent parent(
            String name, float alpha, double weight, Map<String, GgufValue> keys, LoraPair... pairs) {
        GgufMetadata metadata = new GgufMetadata(name, keys);
        return new MergeParent(name, new AdapterWeights(name, "llama", alpha, List.of(pairs), metadata), weight);
    }

    private static AdapterMerger merger(String method, WeightRule... rules) {
        return new AdapterMerger(MergeMethod.of(method, MergeSettings.defaults()), List.of(rules), false);
    }

    private static AdapterMerger.Result merge(AdapterMerger merger, MergeParent... parents) {
        return merger.merge(List.of(parents), 2, (done, total) -> {});
    }

    /** What an adapter adds to one expert of a product, zero if it does not have it. */
    private static double[][] delta(AdapterWeights adapter, Place place, int expert, int outputs, int inputs) {
        double[][] delta = new double[outputs][inputs];
        for (LoraPair pair : adapter.pairs()) {
            if (!pair.place().equals(place)) {
                continue;
            }
            int rank = pair.rank();
            for (int n = 0; n < outputs; n++) {
                for (int k = 0; k < inputs; k++) {
                    for (int r = 0; r < rank; r++) {
                        delta[n][k] += (double) adapter.alpha()
                                / rank
                                * pair.b()[(expert * outputs + n) * rank + r]
                                * pair.a()[(expert * rank + r) * inputs + k];
                    }
                }
            }
        }
        return delta;
    }

    private static void assertSum(
            AdapterMerger.Result result, Place place, int expert, int outputs, int inputs, MergeParent... parents) {
        List<double[][]> products = Arrays.stream(parents)
                .map(parent -> delta(parent.adapter(), place, expert, outputs, inputs))
                .toList();
        double[] weights =
                Arrays.stream(parents).mapToDouble(MergeParent::weight).toArray();
        double[][] found = delta(result.adapter(), place, expert, outputs, inputs);
        // The result is rounded to float32.
        Naive.assertEqual(Naive.sum(weights, products), found, 2e-5, place.name());
    }

    /** Ranks differ between adapters and products, alphas too, and one product is in one adapter only. */
    @ParameterizedTest
    @ValueSource(strings = {"cat", "svd"})
    void scalesOfTheAdaptersAreFoldedIn(String method) {
        MergeParent a = parent("a", 8, 0.7, pair(Q0, 1, 4, 12, 20, 1), pair(Q1, 1, 2, 12, 20, 2));
        MergeParent b = parent(
                "b", 3, -0.5, pair(Q0, 1, 3, 12, 20, 3), pair(Q1, 1, 3, 12, 20, 4), pair(DOWN1, 1, 3, 30, 12, 5));
        MergeMethod chosen = method.equals("cat") ? new MergeMethod.Cat() : new MergeMethod.Svd(OutputRank.of(50));
        AdapterMerger.Result result = merge(new AdapterMerger(chosen, List.of(), false), a, b);
        assertEquals(7, result.adapter().alpha());
        assertEquals(
                List.of(7, 5, 3),
                result.adapter().pairs().stream().map(LoraPair::rank).toList());
        assertSum(result, Q0, 0, 20, 12, a, b);
        assertSum(result, Q1, 0, 20, 12, a, b);
        assertSum(result, DOWN1, 0, 12, 30, a, b);
        MergeReport.Tensor down = result.report().partial().get(0);
        assertEquals(List.of("blk.1.ffn_down", List.of(0, 3)), List.of(down.name(), down.ranks()));
        assertEquals(1, result.report().partial().size());
    }

    @Test
    void expertsAreMergedEachByItself() {
        MergeParent a = parent("a", 4, 1, pair(EXPERTS, 3, 2, 8, 10, 1));
        MergeParent b = parent("b", 4, 0.5, pair(EXPERTS, 3, 3, 8, 10, 2));
        for (MergeMethod method : List.of(
                new MergeMethod.Cat(),
                new MergeMethod.Svd(OutputRank.keeping(0.999999999)),
                MergeMethod.of("dare_linear_svd", new MergeSettings(1, null, 0, OutputRank.of(8))))) {
            AdapterMerger.Result result = merge(new AdapterMerger(method, List.of(), false), a, b);
            for (int expert = 0; expert < 3; expert++) {
                assertSum(result, EXPERTS, expert, 10, 8, a, b);
            }
            assertEquals(3, result.adapter().pairs().get(0).experts());
        }
    }

    /** Of experts that need different ranks the largest is taken, and the others are filled with zeros. */
    @Test
    void expertsShareOneRank() {
        LoraPair one = pair(EXPERTS, 2, 3, 8, 10, 1);
        Arrays.fill(one.b(), 30, 60, 0);
        MergeParent a = parent("a", 3, 1, one);
        AdapterMerger.Result result =
                merge(new AdapterMerger(new MergeMethod.Svd(OutputRank.keeping(0.999999999)), List.of(), false), a);
        assertEquals(3, result.adapter().pairs().get(0).rank());
        assertSum(result, EXPERTS, 0, 10, 8, a);
        assertSum(result, EXPERTS, 1, 10, 8, a);
    }

    @Test
    void weightsOfModulesAndLayersReplaceTheAdapters() {
        LoraPair[] pairs = {pair(Q0, 1, 2, 8, 10, 1), pair(Q1, 1, 2, 8, 10, 2), pair(DOWN1, 1, 2, 8, 10, 3)};
        MergeParent a = parent("a", 2, 1, pairs);
        MergeParent b = parent("b", 2, 1, pair(Q0, 1, 2, 8, 10, 4), pair(Q1, 1, 2, 8, 10, 5), pairs[2]);
        AdapterMerger.Result result = merge(
                merger(
                        "cat",
                        WeightRule.ofName(Pattern.compile("down$"), List.of(0.25, 0.5)),
                        WeightRule.ofLayers(1, 9, List.of(0.0, 2.0))),
                a,
                b);
        assertEquals(
                List.of(List.of(1.0, 1.0), List.of(0.0, 2.0), List.of(0.25, 0.5)),
                result.report().tensors().stream()
                        .map(MergeReport.Tensor::weights)
                        .toList());
        assertSum(result, Q0, 0, 10, 8, a, b);
        assertSum(result, Q1, 0, 10, 8, new MergeParent("b", b.adapter(), 2));
        assertSum(result, DOWN1, 0, 10, 8, new MergeParent("a", a.adapter(), 0.75));
    }

    @Test
    void theResultDoesNotDependOnThreads() {
        List<LoraPair> one = new ArrayList<>();
        List<LoraPair> other = new ArrayList<>();
        for (int layer = 0; layer < 6; layer++) {
            one.add(pair(DecoderModule.ATTN_K.at(layer), 1, 4, 70, 90, layer));
            other.add(pair(DecoderModule.ATTN_K.at(layer), 1, 4, 70, 90, 50 + layer));
        }
        List<MergeParent> parents = List.of(
                parent("a", 2, 1, one.toArray(LoraPair[]::new)), parent("b", 2, 1, other.toArray(LoraPair[]::new)));
        for (String method : MergeMethod.labels()) {
            List<List<Float>> found = new ArrayList<>();
            for (int threads : new int[] {1, 2, 5}) {
                List<Float> all = new ArrayList<>();
                for (LoraPair pair : merger(method)
                        .merge(parents, threads, (done, total) -> {})
                        .adapter()
                        .pairs()) {
                    for (float[] half : new float[][] {pair.a(), pair.b()}) {
                        for (float value : half) {
                            all.add(value);
                        }
                    }
                }
                found.add(all);
            }
            assertEquals(found.get(0), found.get(1), method);
            assertEquals(found.get(0), found.get(2), method);
        }
    }

    @Test
    void theSeedDecidesWhatIsDropped() {
        MergeParent a = parent("a", 2, 1, pair(Q0, 1, 4, 30, 20, 1));
        MergeSettings settings = MergeSettings.defaults();
        List<float[]> found = new ArrayList<>();
        for (long seed : new long[] {1, 1, 2}) {
            MergeMethod method = MergeMethod.of("dare_linear", settings.withSeed(seed));
            found.add(merge(new AdapterMerger(method, List.of(), false), a)
                    .adapter()
                    .pairs()
                    .get(0)
                    .a());
        }
        assertArrayEquals(found.get(0), found.get(1));
        assertTrue(!Arrays.equals(found.get(0), found.get(2)));
    }

    private static void assertRefused(String expected, AdapterMerger merger, MergeParent... parents) {
        BadInputException e = assertThrows(BadInputException.class, () -> merge(merger, parents));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
        assertThrows(BadInputException.class, () -> merger.check(List.of(parents)));
    }

    @Test
    void whatDoesNotFitIsRefusedWithBothSides() {
        MergeParent a = parent("a.gguf", 2, 1, pair(Q0, 1, 4, 30, 20, 1));
        assertRefused(
                "b.gguf: tensor blk.0.attn_q.weight: expected adapters of one base, found 30 inputs, 21 outputs, rank 4"
                        + " here and 30 inputs, 20 outputs, rank 4 in a.gguf",
                merger("cat"),
                a,
                parent("b.gguf", 2, 1, pair(Q0, 1, 4, 30, 21, 1)));
        assertRefused(
                "b.gguf: tensor blk.0.attn_q.weight: linear combines factors and expects equal ranks",
                merger("linear"),
                a,
                parent("b.gguf", 2, 1, pair(Q0, 1, 5, 30, 20, 1)));
        MergeParent qwen = new MergeParent(
                "q.gguf", new AdapterWeights("q", "qwen2", 2, a.adapter().pairs(), new GgufMetadata("q", Map.of())), 1);
        assertRefused(
                "q.gguf: expected an adapter for llama, as a.gguf is, found one for qwen2",
                new AdapterMerger(new MergeMethod.Cat(), List.of(), true),
                a,
                qwen);
        assertRefused(
                "f.gguf: tensor blk.0.attn_qkv.weight: expected the products in one tensor in all adapters or in none,"
                        + " found blk.0.attn_q by itself in a.gguf",
                merger("cat"),
                a,
                parent("f.gguf", 2, 1, pair(DecoderModule.ATTN_QKV.at(0), 1, 4, 30, 60, 1)));
    }

    @Test
    void adaptersOfOtherBasesAreRefusedUnlessForced() {
        LoraPair pair = pair(Q0, 1, 4, 30, 20, 1);
        Map<String, GgufValue> one =
                Map.of("chaku.base.sha256", GgufValue.of("aa".repeat(32)), "chaku.base.file", GgufValue.of("one.gguf"));
        Map<String, GgufValue> other = Map.of(
                "chaku.base.sha256", GgufValue.of("bb".repeat(32)), "chaku.base.file", GgufValue.of("other.gguf"));
        MergeParent a = parent("a", 2, 1, one, pair);
        MergeParent b = parent("b", 2, 1, other, pair);
        MergeParent unknown = parent("u", 2, 1, pair);
        assertRefused(
                "b: expected an adapter that was trained on one.gguf (sha256 aaaaaaaaaaaa…), as a was, found one of"
                        + " other.gguf (sha256 bbbbbbbbbbbb…); set force to go on all the same",
                merger("cat"),
                a,
                unknown,
                b);
        AdapterMerger forced = new AdapterMerger(new MergeMethod.Cat(), List.of(), true);
        GgufMetadata metadata = merge(forced, a, b).adapter().metadata();
        assertTrue(metadata.findString("chaku.base.sha256").isEmpty(), "of two bases it is of neither");
        assertEquals("one.gguf", merge(merger("cat"), a, a).adapter().metadata().requireString("chaku.base.file"));
        merge(merger("cat"), a, unknown);
    }

    @Test
    void weightsThatMakeNoSenseAreRefused() {
        LoraPair pair = pair(Q0, 1, 4, 30, 20, 1);
        MergeParent a = parent("a", 2, 1, pair);
        assertRefused("expected finite numbers, found NaN", merger("cat"), parent("a", 2, Double.NaN, pair));
        assertRefused("expected one other than 0, found none", merger("cat"), parent("a", 2, 0, pair));
        assertRefused("slerp expects two adapters, found 1", merger("slerp"), a);
        assertRefused("slerp expects weights of at least 0, found -1.0", merger("slerp"), a, parent("b", 2, -1, pair));
        assertRefused(
                "weights of 'attn_v': expected a product that they decide, found none",
                merger("cat", WeightRule.ofName(Pattern.compile("attn_v"), List.of(1.0))),
                a);
        assertRefused(
                "weights of layers 0-1: expected a product that they decide, found none",
                merger("cat", WeightRule.ofLayers(0, 0, List.of(2.0)), WeightRule.ofLayers(0, 1, List.of(1.0))),
                a);
        assertRefused(
                "weights of layers 0-0: expected one for each of the 1 adapters, found 2",
                merger("cat", WeightRule.ofLayers(0, 0, List.of(2.0, 3.0))),
                a);
        assertThrows(BadInputException.class, () -> WeightRule.ofLayers(3, 2, List.of(1.0)));
        BadInputException large =
                assertThrows(BadInputException.class, () -> merge(merger("cat"), parent("a", 2, 1e39, pair)));
        assertTrue(
                large.getMessage().contains("blk.0.attn_q.weight.lora_a: expected finite values"), large.getMessage());
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void valuesThatAreNoNumbersAreRefused(float value) {
        LoraPair pair = pair(Q0, 1, 4, 30, 20, 1);
        pair.a()[7] = value;
        BadInputException e = assertThrows(BadInputException.class, () -> parent("a", 2, 1, pair));
        assertTrue(e.getMessage().contains("blk.0.attn_q.weight.lora_a: expected finite values, found " + value));
    }

    @Test
    void theResultNamesItsParents() {
        LoraPair pair = pair(Q0, 1, 4, 30, 20, 1);
        Map<String, GgufValue> keys = new LinkedHashMap<>();
        keys.put("chaku.data.conversations", GgufValue.of(true));
        keys.put("chaku.training", GgufValue.of("{}"));
        keys.put("general.license", GgufValue.of("mit"));
        MergeMethod method = MergeMethod.of(
                "dare_ties_svd",
                MergeSettings.defaults().withDensity(0.25).withSeed(-3).withRank(new OutputRank(3, 0.9)));
        AdapterMerger merger = new AdapterMerger(method, List.of(WeightRule.ofLayers(0, 4, List.of(1.0, 0.5))), false);
        GgufMetadata found = merge(merger, parent("a", 2, 0.75, keys, pair), parent("b", 2, 0.25, pair))
                .adapter()
                .metadata();
        assertEquals("dare_ties_svd", found.requireString("chaku.merge.method"));
        assertEquals(
                List.of("a", "b"), found.requireStrings("chaku.merge.adapters").toList());
        assertArrayEquals(
                new float[] {0.75f, 0.25f},
                found.requireNumbers("chaku.merge.weights").toFloats());
        assertEquals(0.25, found.requireDouble("chaku.merge.density"));
        assertEquals(-3, found.requireLong("chaku.merge.seed"));
        assertEquals("total", found.requireString("chaku.merge.sign"));
        assertEquals(3, found.requireInt("chaku.merge.rank"));
        assertEquals(0.9, found.requireDouble("chaku.merge.energy"));
        assertEquals(
                List.of("0-4=1.0,0.5"),
                found.requireStrings("chaku.merge.weight_rules").toList());
        assertEquals(true, found.findBool("chaku.data.conversations").orElseThrow());
        assertTrue(found.findString("chaku.training").isEmpty(), "that was a parent's");
        assertTrue(found.findString("general.license").isEmpty(), "not all parents have it");
    }
}
