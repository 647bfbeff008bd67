package dev.chaku.internal.generate;

import static dev.chaku.ReferenceJson.list;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.ReferenceJson;
import dev.chaku.errors.BadInputException;
import dev.chaku.generate.SamplingOptions;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

class SamplerTest {
    private static final int V = 512;
    private static final double TOLERANCE = 1e-4;

    @Test
    void biasesAreOfTokensThatThereAre() {
        SamplingOptions options = SamplingOptions.defaults();
        refused(
                "logit bias: expected ids of tokens below 4, the size of the vocabulary, got 4",
                () -> new Sampler(options.withBiases(Map.of(4, 1f)), 4));
        refused(
                "logit bias: expected at least one token that may come, got all 2 forbidden",
                () -> new Sampler(
                        options.withBiases(Map.of(0, Float.NEGATIVE_INFINITY, 1, Float.NEGATIVE_INFINITY)), 2));
        refused(
                "logit bias of token 3: expected a number or minus infinity, got NaN",
                () -> options.withBiases(Map.of(3, Float.NaN)));
        refused(
                "logit bias of token 3: expected a number or minus infinity, got Infinity",
                () -> options.withBiases(Map.of(3, Float.POSITIVE_INFINITY)));
        refused("logit bias: expected the id of a token, got -1", () -> options.withBiases(Map.of(-1, 1f)));
        assertEquals(
                "biases",
                assertThrows(NullPointerException.class, () -> options.withBiases(null))
                        .getMessage());
        assertEquals(
                "penalties",
                assertThrows(NullPointerException.class, () -> options.withPenalties(null))
                        .getMessage());
        assertEquals(
                "exclusion",
                assertThrows(NullPointerException.class, () -> options.withExclusion(null))
                        .getMessage());
        Sampler last = new Sampler(SamplingOptions.greedy().withBiases(Map.of(0, Float.NEGATIVE_INFINITY)), 2);
        assertEquals(1, last.sample(FloatBuffer.wrap(new float[] {5, 1})));
    }

    private static void refused(String expected, Executable making) {
        assertEquals(expected, assertThrows(BadInputException.class, making).getMessage());
    }

    /** Candidates after every chain of llama.cpp that we have the stages of. */
    @TestFactory
    Stream<DynamicTest> leavesTheCandidatesThatTheReferenceLeaves() {
        if (!ReferenceData.has("parity/samp")) {
            return ReferenceData.skipped("parity/samp").stream();
        }
        float[] logits = ReferenceJson.floats(ReferenceData.require("parity/samp/logits.f32"));
        List<Object> cases = list(ReferenceJson.read(ReferenceData.require("parity/samp/samplers.json")));
        return cases.stream()
                .map(ReferenceJson::object)
                .filter(golden -> !golden.get("spec").toString().contains("dry"))
                .map(golden -> DynamicTest.dynamicTest(
                        golden.get("spec") + " row " + golden.get("row"), () -> check(golden, logits)));
    }

    private static void check(Map<String, Object> golden, float[] logits) {
        int row = ((Number) golden.get("row")).intValue();
        FloatBuffer rowLogits = FloatBuffer.wrap(Arrays.copyOfRange(logits, row * V, (row + 1) * V));
        Sampler sampler = new Sampler(stages(golden.get("spec").toString()), V, 1);
        for (int id : ReferenceJson.ints(golden.get("accepted"))) {
            sampler.accept(id);
        }
        Candidates left = sampler.filter(rowLogits);
        Map<Integer, Float> found = new HashMap<>();
        for (int i = 0; i < left.size(); i++) {
            if (left.logits[i] > Float.NEGATIVE_INFINITY) {
                found.put(left.ids[i], left.logits[i]);
            }
        }
        assertEquals(((Number) golden.get("n_left")).intValue(), found.size());
        for (Object pair : list(golden.get("cand"))) {
            int id = ((Number) list(pair).get(0)).intValue();
            Object expected = list(pair).get(1);
            if (expected instanceof Number number) {
                assertEquals(number.doubleValue(), found.get(id), TOLERANCE, "id " + id);
            } else {
                assertTrue(!found.containsKey(id), "id " + id + " should be gone, as " + expected);
            }
        }
        int selected = ((Number) golden.get("selected")).intValue();
        if (selected >= 0) {
            assertEquals(selected, new Sampler(SamplingOptions.greedy(), V).sample(rowLogits));
        }
    }

    private static List<SamplerStage> stages(String spec) {
        List<SamplerStage> stages = new ArrayList<>();
        for (String part : spec.split(";")) {
            String[] nameAndArguments = part.split(":");
            float[] a = new float[nameAndArguments.length == 1 ? 0 : nameAndArguments[1].split(",").length];
            for (int i = 0; i < a.length; i++) {
                a[i] = Float.parseFloat(nameAndArguments[1].split(",")[i]);
            }
            switch (nameAndArguments[0]) {
                case "greedy" -> {}
                case "temp" -> stages.add(new Temperature(a[0], 0, 1));
                case "temp_ext" -> stages.add(new Temperature(a[0], a[1], a[2]));
                case "top_k" -> stages.add(new TopK((int) a[0]));
                case "top_p" -> stages.add(new TopP(a[0]));
                case "min_p" -> stages.add(new MinP(a[0]));
                case "typ" -> stages.add(new Typical(a[0]));
                case "top_n_sigma" -> stages.add(new TopNSigma(a[0]));
                case "xtc" -> stages.add(new Xtc(a[0], a[1], new SamplingRandom(42)));
                case "penalties" -> stages.add(new Penalties((int) a[0], a[1], a[2], a[3]));
                case "logit_bias" ->
                    stages.add(new LogitBias(
                            Map.of((int) a[0], a[1], (int) a[2], a[3], (int) a[4], Float.NEGATIVE_INFINITY)));
                default -> throw new AssertionError(part);
            }
        }
        return stages;
    }

    @Test
    void choosesAsOftenAsProbabilitiesSay() {
        FloatBuffer logits =
                FloatBuffer.wrap(new float[] {0, (float) Math.log(2), Float.NEGATIVE_INFINITY, (float) Math.log(5)});
        SamplingOptions all = SamplingOptions.defaults()
                .withTemperature(1)
                .withTopK(0)
                .withTopP(1)
                .withMinP(0)
                .withSeed(7);
        Sampler sampler = new Sampler(all, 4);
        int[] counts = new int[4];
        int n = 80_000;
        for (int i = 0; i < n; i++) {
            counts[sampler.sample(logits)]++;
        }
        double[] expected = {1 / 8.0, 2 / 8.0, 0, 5 / 8.0};
        for (int id = 0; id < 4; id++) {
            // Five standard deviations.
            double spread = 5 * Math.sqrt(expected[id] * (1 - expected[id]) / n);
            assertEquals(expected[id], counts[id] / (double) n, spread, "id " + id);
        }
    }

    @Test
    void theSeedFixesTheChoices() {
        float[] values = new float[1000];
        Random random = new Random(3);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        Map<List<Integer>, Long> seedOf = new TreeMap<>((a, b) -> a.toString().compareTo(b.toString()));
        for (long seed = 0; seed < 5; seed++) {
            assertEquals(twenty(values, seed), twenty(values, seed));
            seedOf.put(twenty(values, seed), seed);
        }
        assertEquals(5, seedOf.size());
    }

    private static List<Integer> twenty(float[] values, long seed) {
        Sampler sampler = new Sampler(SamplingOptions.defaults().withSeed(seed), values.length);
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            ids.add(sampler.sample(FloatBuffer.wrap(values)));
        }
        return ids;
    }

    @Test
    void greedyTakesTheLowestOfEqualIds() {
        FloatBuffer logits = FloatBuffer.wrap(new float[] {1, 3, 2, 3});
        assertEquals(1, new Sampler(SamplingOptions.greedy(), 4).sample(logits));
        SamplingOptions one = SamplingOptions.defaults().withTopK(1);
        assertEquals(1, new Sampler(one, 4).sample(logits));
    }

    @Test
    void readsFromThePositionAndLeavesIt() {
        FloatBuffer logits = FloatBuffer.wrap(new float[] {9, 9, 0, 5, 1});
        logits.position(2);
        assertEquals(1, new Sampler(SamplingOptions.greedy(), 3).sample(logits));
        assertEquals(2, logits.position());
    }

    @Test
    void optionsOutOfRangeAreNamed() {
        BadInputException e = assertThrows(
                BadInputException.class, () -> SamplingOptions.defaults().withTopP(1.5f));
        assertEquals("top-p: expected more than 0 and at most 1.0, found 1.5", e.getMessage());
        assertThrows(BadInputException.class, () -> SamplingOptions.defaults().withTemperature(Float.NaN));
        assertThrows(BadInputException.class, () -> SamplingOptions.defaults().withTopK(-1));
    }
}
