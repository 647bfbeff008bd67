package dev.chaku.internal.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.eval.Answer;
import dev.chaku.eval.Comparison;
import dev.chaku.eval.Metrics;
import dev.chaku.eval.VariantResult;
import dev.chaku.generate.FinishReason;
import java.util.List;
import org.junit.jupiter.api.Test;

class TallyTest {
    /** Of each variant, so many of 40 answers are right. */
    private static Tally tally(String deciding, int bare, int shots, int adapter) {
        Tally tally = new Tally(List.of(Metrics.exactMatch()), deciding, 1);
        for (int i = 0; i < 40; i++) {
            add(tally, "bare", i, i < bare, 10);
            add(tally, "few-shot:8", i, i < shots, 200);
            add(tally, "mine", i, i < adapter, 12);
        }
        return tally;
    }

    private static void add(Tally tally, String variant, int i, boolean right, int promptTokens) {
        Answer answer = new Answer(i, "data:" + i, "yes", right ? "yes" : "no", FinishReason.STOP);
        tally.add(variant, new Tally.Outcome(answer, promptTokens, 2, 0.5, right ? -1 : -4, 2, Double.NaN));
    }

    private static String advice(Tally tally) {
        List<VariantResult> results = List.of(
                tally.result("bare", -1, Double.NaN),
                tally.result("few-shot:8", -1, Double.NaN),
                tally.result("mine", -1, Double.NaN));
        return tally.advice(results, tally.comparisons(), name -> name.equals("mine"));
    }

    @Test
    void addsUp() {
        Tally tally = tally("exact_match", 10, 20, 38);
        VariantResult result = tally.result("few-shot:8", 3, 1.5);
        assertEquals(0.5, result.metrics().get("exact_match").mean());
        assertEquals((20 * 1 + 20 * 4) / 80.0, result.metrics().get("loss").mean(), 1e-12);
        assertEquals(202, result.tokensPerRequest());
        assertEquals(20, result.seconds(), 1e-9);
        assertEquals(3, result.copied().orElseThrow());
        Comparison between = tally.comparisons().get(1);
        assertEquals("bare", between.a());
        assertEquals("mine", between.b());
        assertEquals(0.7, between.difference(), 1e-12);
        assertTrue(between.low() > 0.5 && between.high() < 0.9 && between.isSure(), between.toString());
        assertEquals(3, tally.comparisons().size());
    }

    @Test
    void takesTheBestWhereItIsSurelyBest() {
        assertTrue(advice(tally("exact_match", 10, 20, 38)).startsWith("Take mine: exact_match is 0.950"));
        assertTrue(advice(tally("exact_match", 10, 38, 20)).startsWith("Take few-shot:8"));
    }

    @Test
    void takesTheCheapestAmongEquals() {
        String advice = advice(tally("exact_match", 5, 36, 37));
        assertTrue(advice.startsWith("Take mine") && advice.contains("no difference beyond chance"), advice);
        assertTrue(advice(tally("exact_match", 37, 37, 37)).startsWith("Take bare"));
    }

    /** Of the loss less is better. */
    @Test
    void theLossDecidesDownwards() {
        Tally tally = tally("loss", 10, 20, 38);
        assertTrue(advice(tally).startsWith("Take mine"), advice(tally));
        assertTrue(tally.comparisons().get(1).difference() > 0, "better is more");
    }
}
