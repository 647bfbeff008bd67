package dev.chaku.internal.arch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.gguf.GgmlType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TensorFormatsTest {
    private static final int LAYERS = 32;
    private static final ModelFacts LLAMA = new ModelFacts("llama", LAYERS, 32, 8, 0);
    private static final ModelFacts PLAIN = new ModelFacts("llama", LAYERS, 32, 32, 0);
    private static final ModelFacts MIXTRAL = new ModelFacts("llama", LAYERS, 32, 8, 8);
    private static final ModelFacts FALCON = new ModelFacts("falcon", LAYERS, 64, 1, 0);

    private static List<String> names(boolean tied) {
        List<String> names = new ArrayList<>(List.of("token_embd.weight"));
        IntStream.range(0, LAYERS)
                .forEach(l -> List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
                        .forEach(module -> names.add("blk." + l + "." + module + ".weight")));
        if (!tied) {
            names.add("output.weight");
        }
        return names;
    }

    private static TensorFormats formats(FormatMix mix, ModelFacts facts) {
        return new TensorFormats(mix, facts, names(false), false);
    }

    private static GgmlType of(FormatMix mix, ModelFacts facts, String name) {
        return formats(mix, facts).of(name, 4096, false);
    }

    /** Layers whose tensor of this module gets something else than the base. */
    private static List<Integer> raised(FormatMix mix, ModelFacts facts, String module, GgmlType to) {
        TensorFormats formats = formats(mix, facts);
        return IntStream.range(0, LAYERS)
                .filter(l -> formats.of("blk." + l + "." + module + ".weight", 4096, false) == to)
                .boxed()
                .toList();
    }

    @Test
    void theOutputGetsMoreBits() {
        for (FormatMix mix : FormatMix.values()) {
            GgmlType expected =
                    switch (mix) {
                        case F32, F16, BF16, Q8_0 -> mix.base();
                        case MXFP4_MOE -> GgmlType.Q8_0;
                        default -> GgmlType.Q6_K;
                    };
            assertEquals(expected, of(mix, LLAMA, "output.weight"), mix.label());
            GgmlType embedding = mix == FormatMix.MXFP4_MOE ? GgmlType.Q8_0 : mix.base();
            assertEquals(embedding, of(mix, LLAMA, "token_embd.weight"), mix.label());
            assertEquals(
                    expected, new TensorFormats(mix, LLAMA, names(true), false).of("token_embd.weight", 4096, false));
        }
        assertEquals(GgmlType.Q8_0, of(FormatMix.Q4_K_M, FALCON, "output.weight"));
        assertEquals(GgmlType.Q8_0, formats(FormatMix.Q4_K_M, LLAMA).of("output.weight", 896, false));
    }

    @Test
    void mediumMixesFavourTheEndsAndEveryThirdBetween() {
        List<Integer> favoured = List.of(0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31);
        for (FormatMix mix : List.of(FormatMix.Q4_K_M, FormatMix.Q5_K_M)) {
            assertEquals(favoured, raised(mix, LLAMA, "attn_v", GgmlType.Q6_K));
            assertEquals(favoured, raised(mix, LLAMA, "ffn_down", GgmlType.Q6_K));
        }
        assertEquals(List.of(0, 1), raised(FormatMix.Q4_K_M, FALCON, "ffn_down", GgmlType.Q6_K));
        assertEquals(GgmlType.Q4_K, of(FormatMix.Q4_K_M, LLAMA, "blk.0.ffn_up.weight"));
    }

    @Test
    void smallMixesRaiseTheFirstLayers() {
        List<Integer> four = List.of(0, 1, 2, 3);
        assertEquals(four, raised(FormatMix.Q4_K_S, LLAMA, "attn_v", GgmlType.Q5_K));
        assertEquals(four, raised(FormatMix.Q4_K_S, LLAMA, "ffn_down", GgmlType.Q5_K));
        assertEquals(List.of(), raised(FormatMix.Q5_K_S, LLAMA, "ffn_down", GgmlType.Q6_K));
        assertEquals(four, raised(FormatMix.Q2_K_S, LLAMA, "ffn_down", GgmlType.Q4_K));
        assertEquals(four, raised(FormatMix.IQ4_XS, LLAMA, "ffn_down", GgmlType.Q5_K));
        assertEquals(
                LAYERS, raised(FormatMix.IQ4_XS, LLAMA, "attn_v", GgmlType.Q5_K).size());
        assertEquals(0, raised(FormatMix.IQ4_XS, PLAIN, "attn_v", GgmlType.Q5_K).size());
    }

    @Test
    void mixesOfThreeAndTwoBits() {
        assertEquals(List.of(0, 1), raised(FormatMix.Q3_K_M, LLAMA, "attn_v", GgmlType.Q5_K));
        assertEquals(List.of(0, 1), raised(FormatMix.Q3_K_M, LLAMA, "ffn_down", GgmlType.Q5_K));
        assertEquals(
                LAYERS - 2,
                raised(FormatMix.Q3_K_M, LLAMA, "ffn_down", GgmlType.Q4_K).size());
        assertEquals(GgmlType.Q4_K, of(FormatMix.Q3_K_M, LLAMA, "blk.9.attn_output.weight"));
        assertEquals(GgmlType.Q5_K, of(FormatMix.Q3_K_L, LLAMA, "blk.9.attn_output.weight"));
        assertEquals(GgmlType.Q3_K, of(FormatMix.Q3_K_S, LLAMA, "blk.9.attn_output.weight"));
        assertEquals(GgmlType.Q4_K, of(FormatMix.Q2_K, LLAMA, "blk.9.attn_v.weight"));
        assertEquals(GgmlType.Q3_K, of(FormatMix.Q2_K, PLAIN, "blk.9.attn_v.weight"));
        assertEquals(GgmlType.Q3_K, of(FormatMix.Q2_K, LLAMA, "blk.9.ffn_down.weight"));
        assertEquals(GgmlType.Q2_K, of(FormatMix.Q2_K, LLAMA, "blk.9.ffn_up.weight"));
    }

    @Test
    void eightExpertsKeepTheirSmallTensorsPrecise() {
        assertEquals(GgmlType.Q8_0, of(FormatMix.Q4_K_M, MIXTRAL, "blk.5.attn_v.weight"));
        assertEquals(GgmlType.Q8_0, of(FormatMix.Q4_K_M, MIXTRAL, "blk.5.attn_k.weight"));
        assertEquals(GgmlType.Q5_K, of(FormatMix.Q4_K_M, MIXTRAL, "blk.5.attn_output.weight"));
        assertEquals(GgmlType.Q6_K, of(FormatMix.Q4_K_M, MIXTRAL, "blk.0.ffn_down_exps.weight"));
        assertEquals(GgmlType.MXFP4, formats(FormatMix.MXFP4_MOE, MIXTRAL).of("blk.0.ffn_up_exps.weight", 4096, true));
        assertEquals(GgmlType.Q8_0, formats(FormatMix.MXFP4_MOE, MIXTRAL).of("blk.0.attn_q.weight", 4096, false));
    }

    @Test
    void knownImportanceChangesTheFirstLayers() {
        Function<FormatMix, GgmlType> first =
                mix -> new TensorFormats(mix, LLAMA, names(false), true).of("blk.0.ffn_down.weight", 4096, false);
        assertEquals(GgmlType.Q4_1, first.apply(FormatMix.Q4_0));
        assertEquals(GgmlType.Q5_1, first.apply(FormatMix.Q5_0));
        assertEquals(GgmlType.IQ4_XS, first.apply(FormatMix.IQ4_XS));
    }

    /** The rows of the reference's own stories260K files are 64 and 172 long. */
    @Test
    void rowsThatDoNotFitFallBack() {
        assertEquals(GgmlType.Q5_0, TensorFormats.fitting(GgmlType.Q4_K, 896));
        assertEquals(GgmlType.Q8_0, TensorFormats.fitting(GgmlType.Q6_K, 896));
        assertEquals(GgmlType.Q5_1, TensorFormats.fitting(GgmlType.Q5_K, 64));
        assertEquals(GgmlType.Q4_0, TensorFormats.fitting(GgmlType.Q3_K, 64));
        assertEquals(GgmlType.IQ4_NL, TensorFormats.fitting(GgmlType.IQ4_XS, 64));
        assertEquals(GgmlType.F16, TensorFormats.fitting(GgmlType.Q4_0, 172));
        assertEquals(GgmlType.F16, TensorFormats.fitting(GgmlType.Q6_K, 172));
        assertEquals(GgmlType.Q6_K, TensorFormats.fitting(GgmlType.Q6_K, 512));
    }

    @Test
    void vectorsNormsAndRoutersStayAsTheyAre() {
        assertTrue(TensorFormats.isConvertible("blk.0.attn_q.weight", 2));
        assertTrue(TensorFormats.isConvertible("blk.0.ffn_up_exps.weight", 3));
        assertFalse(TensorFormats.isConvertible("blk.0.attn_q.bias", 1));
        assertFalse(TensorFormats.isConvertible("blk.0.attn_q_norm.weight", 2));
        assertFalse(TensorFormats.isConvertible("blk.0.ffn_gate_inp.weight", 2));
        assertFalse(TensorFormats.isConvertible("position_embd.weight", 2));
    }
}
