package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.internal.engine.BatchLoss;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.internal.engine.TrainingBatch;

/** The core computes cross-entropy itself: each row is one micro-batch. */
final class CrossEntropyObjective implements Objective {
    @Override
    public BatchLoss accumulate(EngineTrainer core, PackedRow row, long index) {
        return core.accumulate(batch(row, index));
    }

    @Override
    public BatchLoss evaluate(EngineTrainer core, PackedRow row) {
        return core.evaluate(batch(row, 0));
    }

    private static TrainingBatch batch(PackedRow row, long index) {
        return new TrainingBatch(index, row.tokens(), row.targets(), row.weights(), row.starts());
    }
}
