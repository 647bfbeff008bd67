package dev.chaku.internal.engine;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import java.util.List;
import java.util.Optional;

/** A decoder ready to compute: immutable and thread-safe. Pools, adapters and trainers over it may outlive it. */
public interface EngineModel extends AutoCloseable {
    /** V. */
    int vocabSize();

    /** Names a weight that is not finite, if there is one. The first call may read all of them. */
    Optional<String> faultyWeight();

    /** Whether {@link #close} was called. */
    boolean isClosed();

    /** What a pool would take; nothing is allocated. */
    MemoryPlan plan(EnginePool.Options options);

    /** @throws ResourceException if the plan exceeds the limit or the machine */
    EnginePool pool(EnginePool.Options options);

    /** @throws ResourceException if what it takes exceeds the limit or the machine */
    EngineEncoder encoder(EngineEncoder.Options options);

    /** What a trainer would take; nothing is allocated. */
    MemoryPlan plan(TrainerOptions options);

    /** @throws ResourceException if the plan exceeds the limit or the machine */
    EngineTrainer trainer(TrainerOptions options);

    /**
     * Brings an adapter to the engine, for texts to wear; the matrices are copied.
     *
     * @param source what messages call it
     * @param contentHash see {@link EngineAdapter#contentHash}
     * @param alpha the scale of a pair is alpha / its rank
     * @param pairs one per adapted product of this engine, none in one tensor of a file with others
     * @param saved weights in place of the model's; texts wear the adapter with scale 1 then
     * @throws BadInputException if the model has no such product, or of another shape
     */
    EngineAdapter adapter(
            String source, String contentHash, float alpha, List<LoraPair> pairs, List<SavedWeight> saved);

    /** Closes it; computations under way end normally, later calls throw IllegalStateException. Idempotent. */
    @Override
    void close();
}
