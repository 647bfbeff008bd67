package dev.chaku.internal.adapter;

import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.arch.DenseShape;
import dev.chaku.internal.arch.FormatMix;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.RopeSpec;
import dev.chaku.internal.engine.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Small bases and adapters of random values. */
final class Adapters {
    private Adapters() {}

    /** A base of 2 layers, width 16, 4 query and 2 key heads of 6. */
    static DecoderSpec base(String architecture) {
        RopeSpec.Pairing pairing = architecture.equals("llama") ? RopeSpec.Pairing.ADJACENT : RopeSpec.Pairing.HALVES;
        return new DenseShape(architecture, pairing, 2, 16, 4, 2, 6, 20, 30, 64, 1e4, false, false, false)
                .spec(FormatMix.F32);
    }

    static LoraPair pair(DecoderSpec base, DecoderModule module, int layer, int rank, long seed) {
        TensorSpec weight = base.weight(module.at(layer)).orElseThrow();
        Random random = new Random(seed);
        int inputs = (int) weight.columns();
        int outputs = (int) weight.rows();
        return new LoraPair(
                module.at(layer), rank, inputs, outputs, values(random, rank * inputs), values(random, outputs * rank));
    }

    private static float[] values(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** An adapter of q and down in all layers and the output in the last; ranks differ if asked for. */
    static AdapterWeights adapter(DecoderSpec base, float alpha, boolean mixedRanks) {
        List<LoraPair> pairs = new ArrayList<>();
        for (int layer = 0; layer < 2; layer++) {
            pairs.add(pair(base, DecoderModule.ATTN_Q, layer, 4, layer));
            pairs.add(pair(base, DecoderModule.FFN_DOWN, layer, mixedRanks ? 2 + layer : 4, 10 + layer));
        }
        pairs.add(pair(base, DecoderModule.ATTN_K, 1, 4, 20));
        pairs.add(pair(base, DecoderModule.OUTPUT, -1, 4, 21));
        return new AdapterWeights("test", base.architecture(), alpha, pairs, new GgufMetadata("test", Map.of()));
    }

    /** What the adapter adds to its module's weight: alpha / rank * B A, [N][K]. */
    static double[][] delta(AdapterWeights adapter, LoraPair pair) {
        double[][] delta = new double[pair.outputs()][pair.inputs()];
        for (int n = 0; n < pair.outputs(); n++) {
            for (int k = 0; k < pair.inputs(); k++) {
                for (int r = 0; r < pair.rank(); r++) {
                    delta[n][k] += (double) adapter.alpha()
                            / pair.rank()
                            * pair.b()[n * pair.rank() + r]
                            * pair.a()[r * pair.inputs() + k];
                }
            }
        }
        return delta;
    }
}
