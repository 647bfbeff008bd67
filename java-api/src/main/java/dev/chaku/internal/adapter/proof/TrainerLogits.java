package dev.chaku.internal.adapter.proof;

import dev.chaku.internal.adapter.AdapterWeights;
import dev.chaku.internal.engine.DecoderModule;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.LoraOptions;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.ParameterInfo;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.engine.TrainerOptions;
import dev.chaku.internal.engine.TrainingBatch;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Logits as a training has them, from which it takes its loss: a trainer over the frozen base whose matrices are those
 * of the adapter. A trainer has one rank: smaller pairs are filled up with zeros, and their scales go into B.
 */
public final class TrainerLogits implements LogitSource {
    private final EngineTrainer trainer;

    /**
     * @param adapter of this model
     * @param maxTokens of the longest text
     */
    public TrainerLogits(
            EngineModel model, DecoderSpec spec, AdapterWeights adapter, int maxTokens, long memoryLimitBytes) {
        List<LoraPair> pairs = adapter.split(spec);
        int rank = pairs.stream().mapToInt(LoraPair::rank).max().orElseThrow();
        Set<DecoderModule> targets =
                pairs.stream().map(pair -> pair.place().module()).collect(Collectors.toUnmodifiableSet());
        Map<DecoderModule, SavedWeight> whole = adapter.trainedWhole(spec);
        LoraOptions lora = LoraOptions.of(rank, adapter.alpha() / rank, targets).withSaved(whole.keySet());
        trainer = model.trainer(TrainerOptions.lora(lora, maxTokens, 0, 0, memoryLimitBytes));
        try {
            fill(pairs, rank, whole);
        } catch (RuntimeException e) {
            trainer.close();
            throw e;
        }
    }

    private void fill(List<LoraPair> pairs, int rank, Map<DecoderModule, SavedWeight> whole) {
        Map<DecoderModule.Place, LoraPair> byPlace = new HashMap<>();
        pairs.forEach(pair -> byPlace.put(pair.place(), pair));
        for (int i = 0; i < trainer.parameters(); i++) {
            ParameterInfo info = trainer.parameter(i);
            LoraPair pair = byPlace.get(info.module().at(info.layer()));
            float[] values = new float[Math.toIntExact(info.elements())];
            if (info.kind() == ParameterInfo.Kind.WEIGHT) {
                values = whole.get(info.module()).values();
            } else if (pair != null && info.kind() == ParameterInfo.Kind.LORA_A) {
                fillA(pair, rank, values);
            } else if (pair != null) {
                fillB(pair, rank, values);
            }
            FloatBuffer buffer = DirectBuffers.floats(values.length).put(values).flip();
            trainer.write(i, EngineTrainer.Slot.VALUE, buffer);
        }
    }

    /** [E, R, K] of [E, r, K]. */
    private static void fillA(LoraPair pair, int rank, float[] values) {
        int own = pair.rank() * pair.inputs();
        for (int e = 0; e < pair.experts(); e++) {
            System.arraycopy(pair.a(), e * own, values, e * rank * pair.inputs(), own);
        }
    }

    /** [E, N, R] of [E, N, r]. */
    private static void fillB(LoraPair pair, int rank, float[] values) {
        double scale = (double) rank / pair.rank();
        for (int row = 0; row < pair.experts() * pair.outputs(); row++) {
            for (int r = 0; r < pair.rank(); r++) {
                values[row * rank + r] = (float) (pair.b()[row * pair.rank() + r] * scale);
            }
        }
    }

    @Override
    public void rows(int[] tokens, int from, int n, FloatBuffer target) {
        int[] prefix = Arrays.copyOf(tokens, from + n);
        float[] weights = new float[from + n];
        Arrays.fill(weights, from, from + n, 1);
        trainer.logits(new TrainingBatch(0, prefix, new int[from + n], weights, new int[] {0, from + n}), target);
    }

    @Override
    public void close() {
        trainer.close();
    }
}
