package dev.chaku.internal.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.LoraPair;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ProductNormsTest {
    private static LoraPair pair(int experts, int rank, int k, int n, long seed) {
        Random random = new Random(seed);
        float[] a = new float[experts * rank * k];
        float[] b = new float[experts * n * rank];
        for (float[] values : List.of(a, b)) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian();
            }
        }
        DecoderModule module = experts > 1 ? DecoderModule.EXPERT_GATE : DecoderModule.ATTN_Q;
        return new LoraPair(module.at(0), experts, rank, k, n, a, b);
    }

    private static AdapterWeights adapter(float alpha, LoraPair pair) {
        return new AdapterWeights("test", "llama", alpha, List.of(pair), new GgufMetadata("test", Map.of()));
    }

    /** The product itself, [E][N][K], in float64. */
    private static double[] product(AdapterWeights adapter) {
        LoraPair pair = adapter.pairs().get(0);
        double[] product = new double[pair.experts() * pair.outputs() * pair.inputs()];
        int at = 0;
        for (int e = 0; e < pair.experts(); e++) {
            for (int n = 0; n < pair.outputs(); n++) {
                for (int k = 0; k < pair.inputs(); k++, at++) {
                    for (int r = 0; r < pair.rank(); r++) {
                        product[at] += (double) adapter.alpha()
                                / pair.rank()
                                * pair.b()[(e * pair.outputs() + n) * pair.rank() + r]
                                * pair.a()[(e * pair.rank() + r) * pair.inputs() + k];
                    }
                }
            }
        }
        return product;
    }

    private static double norm(double[] one, double[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            sum += (one[i] - other[i]) * (one[i] - other[i]);
        }
        return Math.sqrt(sum);
    }

    @Test
    void asOfTheProductsThemselves() {
        for (int experts : new int[] {1, 3}) {
            AdapterWeights first = adapter(8, pair(experts, 4, 12, 7, 1));
            AdapterWeights second = adapter(3, pair(experts, 2, 12, 7, 2));
            double[] one = product(first);
            double[] other = product(second);
            double expected = norm(one, new double[one.length]);
            assertEquals(expected, ProductNorms.norm(first, first.pairs().get(0)), 1e-12 * expected);
            double difference = norm(one, other);
            assertEquals(
                    difference,
                    ProductNorms.difference(
                            first, first.pairs().get(0), second, second.pairs().get(0)),
                    1e-12 * difference);
        }
    }

    @Test
    void theSameDiffersByNothingAndANearOneByLittle() {
        LoraPair pair = pair(1, 4, 12, 7, 1);
        AdapterWeights first = adapter(8, pair);
        AdapterWeights same = adapter(8, pair(1, 4, 12, 7, 1));
        assertEquals(0, ProductNorms.difference(first, pair, same, same.pairs().get(0)));
        AdapterWeights half = adapter(4, pair);
        assertEquals(
                ProductNorms.norm(first, pair) / 2,
                ProductNorms.difference(first, pair, half, pair),
                1e-12 * ProductNorms.norm(first, pair));
        AdapterWeights near = adapter(Math.nextUp(8f), pair);
        double norm = ProductNorms.norm(first, pair);
        assertEquals(norm * (Math.nextUp(8f) - 8f) / 8, ProductNorms.difference(first, pair, near, pair), 3e-8 * norm);
    }
}
