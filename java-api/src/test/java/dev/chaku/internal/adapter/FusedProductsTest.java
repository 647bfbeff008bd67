package dev.chaku.internal.adapter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.arch.family.ModelFamilies;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FusedProductsTest {
    private static final float ALPHA = 8;
    private final DecoderSpec apart = Adapters.base("phi3");
    private final DecoderSpec fused = fuse(apart);

    /** The same base with query, key and value in one tensor, and gate and up in another. */
    private static DecoderSpec fuse(DecoderSpec spec) {
        Map<String, Long> filled = new HashMap<>();
        List<TensorSpec> tensors = new ArrayList<>();
        for (TensorSpec tensor : spec.tensors()) {
            int layer = tensor.place().layer();
            String name =
                    switch (tensor.place().module()) {
                        case ATTN_Q, ATTN_K, ATTN_V -> "blk." + layer + ".attn_qkv.weight";
                        case FFN_GATE, FFN_UP -> "blk." + layer + ".ffn_up.weight";
                        default -> tensor.name();
                    };
            long first = filled.merge(name, tensor.rows(), Long::sum) - tensor.rows();
            tensors.add(new TensorSpec(
                    tensor.place(),
                    tensor.kind(),
                    tensor.type(),
                    tensor.rows(),
                    tensor.columns(),
                    name,
                    name.equals(tensor.name()) && !name.contains("ffn_up") ? 0 : first));
        }
        return new DecoderSpec(
                spec.architecture(), spec.contextLength(), spec.decoder(), spec.ropes(), spec.layers(), tensors);
    }

    private static AdapterWeights adapter(List<LoraPair> pairs) {
        return new AdapterWeights("test", "phi3", ALPHA, pairs, new GgufMetadata("test", Map.of()));
    }

    private LoraPair pair(DecoderModule module, int rank) {
        return Adapters.pair(apart, module, 1, rank, module.ordinal());
    }

    /** What the adapter adds to the weight of a product. */
    private double[][] delta(List<LoraPair> pairs, DecoderModule module) {
        LoraPair pair = pairs.stream()
                .filter(p -> p.place().equals(module.at(1)))
                .findFirst()
                .orElseThrow();
        return Adapters.delta(adapter(pairs), pair);
    }

    private static void assertClose(double[][] expected, double[][] found) {
        for (int n = 0; n < expected.length; n++) {
            for (int k = 0; k < expected[n].length; k++) {
                assertEquals(expected[n][k], found[n][k], 1e-5 * (1 + Math.abs(expected[n][k])));
            }
        }
    }

    @Test
    void whatIsJoinedAndSplitAddsTheSame() {
        List<LoraPair> pairs = List.of(
                pair(DecoderModule.ATTN_Q, 4),
                pair(DecoderModule.ATTN_V, 2),
                pair(DecoderModule.FFN_GATE, 4),
                pair(DecoderModule.FFN_UP, 4),
                pair(DecoderModule.FFN_DOWN, 4));
        List<LoraPair> joined = FusedProducts.join(pairs, fused);
        assertEquals(
                List.of("blk.1.ffn_down", "blk.1.attn_qkv", "blk.1.ffn_up"),
                joined.stream().map(pair -> pair.place().name()).toList());
        assertEquals(6, joined.get(1).rank());
        assertEquals(24 + 12 + 12, joined.get(1).outputs());
        List<LoraPair> split = FusedProducts.split(joined, fused);
        assertEquals(pairs.size(), split.size(), "the key was not adapted and is not now");
        for (LoraPair pair : pairs) {
            assertClose(
                    delta(pairs, pair.place().module()),
                    delta(split, pair.place().module()));
        }
    }

    /** As other programs train them: one A and one B for the whole tensor. */
    @Test
    void aPairOfTheWholeTensorGivesEachProductItsRows() {
        int outputs = 24 + 12 + 12;
        LoraPair q = pair(DecoderModule.ATTN_Q, 4);
        float[] b = new float[outputs * 4];
        for (int i = 0; i < b.length; i++) {
            b[i] = (i * 7 % 13 - 6) / 8f;
        }
        LoraPair whole = new LoraPair(DecoderModule.ATTN_QKV.at(1), 4, q.inputs(), outputs, q.a(), b);
        double[][] expected = Adapters.delta(adapter(List.of(whole)), whole);
        List<LoraPair> split = FusedProducts.split(List.of(whole), fused);
        int first = 0;
        for (DecoderModule module : List.of(DecoderModule.ATTN_Q, DecoderModule.ATTN_K, DecoderModule.ATTN_V)) {
            double[][] found = delta(split, module);
            assertClose(java.util.Arrays.copyOfRange(expected, first, first + found.length), found);
            first += found.length;
        }
        assertEquals(outputs, first);
    }

    /** As Qwen3-Next has its ssm_ba: some rows of one product, then as many of the other. */
    @Test
    void rowsInTurnsFindTheirPlaces() {
        List<TensorSpec> tensors = new ArrayList<>();
        DecoderModule[] modules = {DecoderModule.MIX_BETA, DecoderModule.MIX_ALPHA};
        for (int i = 0; i < 2; i++) {
            tensors.add(new TensorSpec(
                    modules[i].at(1),
                    TensorSpec.Kind.WEIGHT,
                    apart.tensors().get(0).type(),
                    6,
                    16,
                    "blk.1.ssm_ba.weight",
                    i * 3,
                    3));
        }
        DecoderSpec base = new DecoderSpec(
                apart.architecture(), apart.contextLength(), apart.decoder(), apart.ropes(), apart.layers(), tensors);
        List<LoraPair> pairs =
                List.of(Adapters.pair(base, modules[0], 1, 2, 1), Adapters.pair(base, modules[1], 1, 4, 2));
        List<LoraPair> joined = FusedProducts.join(pairs, base);
        assertEquals("blk.1.ssm_ba", joined.get(0).place().name());
        assertEquals(
                DecoderModule.parse("blk.1.ssm_ba").orElseThrow(), joined.get(0).place());
        double[][] whole = Adapters.delta(adapter(joined), joined.get(0));
        double[][] beta = delta(pairs, modules[0]);
        double[][] alpha = delta(pairs, modules[1]);
        double[][] inTurns = {
            beta[0], beta[1], beta[2], alpha[0], alpha[1], alpha[2], beta[3], beta[4], beta[5], alpha[3], alpha[4],
            alpha[5]
        };
        assertClose(inTurns, whole);
        List<LoraPair> split = FusedProducts.split(joined, base);
        assertClose(beta, delta(split, modules[0]));
        assertClose(alpha, delta(split, modules[1]));
    }

    @Test
    void basesWithTensorsOfTheirOwnAreLeftAlone() {
        List<LoraPair> pairs = List.of(pair(DecoderModule.ATTN_Q, 4), pair(DecoderModule.FFN_UP, 4));
        assertEquals(pairs, FusedProducts.join(pairs, apart));
        assertEquals(pairs, FusedProducts.split(pairs, apart));
    }

    @Test
    void gateAndUpInOneTensorAreNamedAsHuggingFaceDoes() {
        List<LoraPair> joined =
                FusedProducts.join(List.of(pair(DecoderModule.FFN_GATE, 4), pair(DecoderModule.FFN_UP, 4)), fused);
        LoraPair read = new LoraPair(
                DecoderModule.FFN_UP.at(1),
                8,
                joined.get(0).inputs(),
                joined.get(0).outputs(),
                joined.get(0).a(),
                joined.get(0).b());
        assertEquals(
                "model.layers.1.mlp.gate_up_proj",
                ModelFamilies.modules("phi3")
                        .fullName(FusedProducts.named(List.of(read), fused, ModelFamilies.modules("phi3"))
                                .get(0)
                                .place()));
    }

    @Test
    void aPairOfAnotherSizeIsRefused() {
        LoraPair wrong = new LoraPair(DecoderModule.ATTN_QKV.at(1), 1, 16, 30, new float[16], new float[30]);
        String message = assertThrows(
                        BadInputException.class, () -> adapter(List.of(wrong)).requireFits(fused))
                .getMessage();
        assertTrue(message.contains("blk.1.attn_qkv"), message);
    }
}
