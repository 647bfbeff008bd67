package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.LoraPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** An adapter for measurements. */
public final class RandomAdapter {
    private static final float RANGE = 0.01f;
    private static final List<DecoderModule> MODULES = List.of(
            DecoderModule.ATTN_Q,
            DecoderModule.ATTN_K,
            DecoderModule.ATTN_V,
            DecoderModule.ATTN_OUTPUT,
            DecoderModule.FFN_GATE,
            DecoderModule.FFN_UP,
            DecoderModule.FFN_DOWN);

    private RandomAdapter() {}

    /** For those linear layers that the model has. */
    public static AdapterWeights weights(DecoderSpec spec, int rank, long seed) {
        if (rank < 1) {
            throw BadInputException.ofSetting("rank", "at least 1", rank);
        }
        Random random = new Random(seed);
        List<LoraPair> pairs = new ArrayList<>();
        for (int layer = 0; layer < spec.decoder().layers(); layer++) {
            for (DecoderModule module : MODULES) {
                spec.weight(module.at(layer)).ifPresent(weight -> {
                    int inputs = (int) weight.columns();
                    int outputs = (int) weight.rows();
                    float[] a = values(random, rank * inputs);
                    float[] b = values(random, outputs * rank);
                    pairs.add(new LoraPair(weight.place(), rank, inputs, outputs, a, b));
                });
            }
        }
        String name = "random adapter " + seed;
        return new AdapterWeights(name, spec.architecture(), rank, pairs, new GgufMetadata(name, Map.of()));
    }

    private static float[] values(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = RANGE * (2 * random.nextFloat() - 1);
        }
        return values;
    }
}
