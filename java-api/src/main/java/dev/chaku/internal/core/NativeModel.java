package dev.chaku.internal.core;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_model;
import dev.chaku.internal.engine.DecoderOptions;
import dev.chaku.internal.engine.EngineAdapter;
import dev.chaku.internal.engine.EngineEncoder;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EnginePool;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.LoraPair;
import dev.chaku.internal.engine.MemoryPlan;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.engine.TrainerOptions;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A sealed decoder: immutable and thread-safe. Pools, adapters and trainers over it may outlive it. */
final class NativeModel extends NativeHandle<chaku_model> implements EngineModel {
    private final DecoderOptions decoder;
    private final Supplier<Optional<String>> search;
    private @Nullable Optional<String> faultyWeight;

    /** @param search for a weight that is not finite; done once, when something is computed that is not */
    NativeModel(chaku_model pointer, DecoderOptions decoder, Supplier<Optional<String>> search) {
        super("model", pointer, chaku::chaku_model_free);
        this.decoder = decoder;
        this.search = search;
    }

    /** Names a weight that is not finite, if there is one. The first call may read all of them. */
    @Override
    public synchronized Optional<String> faultyWeight() {
        if (faultyWeight == null) {
            faultyWeight = search.get();
        }
        return faultyWeight;
    }

    /**
     * Whoever chose a token among other numbers would choose at random.
     *
     * @param floats logits from the buffer's position on
     */
    void requireFinite(FloatBuffer logits, int floats) {
        int first = logits.position();
        for (int i = 0; i < floats; i++) {
            float logit = logits.get(first + i);
            if (!Float.isFinite(logit)) {
                throw new BadInputException(
                        "the model's logits are not finite (" + logit + " for token " + i % vocabSize() + "): "
                                + faultyWeight()
                                        .orElse(
                                                "its weights are, but what is computed with them grows beyond the range of numbers; adapters at a lower"
                                                        + " scale, or keys and values in F32, may help"));
            }
        }
    }

    @Override
    public int vocabSize() {
        return decoder.vocabSize();
    }

    @Override
    public MemoryPlan plan(EnginePool.Options options) {
        return NativePool.plan(this, options);
    }

    @Override
    public EnginePool pool(EnginePool.Options options) {
        return NativePool.create(this, options);
    }

    @Override
    public EngineEncoder encoder(EngineEncoder.Options options) {
        return NativeEncoder.create(this, options);
    }

    @Override
    public MemoryPlan plan(TrainerOptions options) {
        return NativeTrainer.plan(this, options);
    }

    @Override
    public EngineTrainer trainer(TrainerOptions options) {
        return NativeTrainer.create(this, options);
    }

    @Override
    public EngineAdapter adapter(
            String source, String contentHash, float alpha, List<LoraPair> pairs, List<SavedWeight> saved) {
        return NativeAdapter.of(this, source, contentHash, alpha, pairs, saved);
    }
}
