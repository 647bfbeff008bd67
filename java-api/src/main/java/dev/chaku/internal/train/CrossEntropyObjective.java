package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.internal.engine.EngineTrainer;

/** The core computes cross-entropy itself: each row is one micro-batch. */
final class CrossEntropyObjective implements Objective {
    @Override
    public RowLoss accumulate(EngineTrainer core, PackedRow row, long index) {
        return RowLoss.of(core.accumulate(RowAnswers.all(row).batch(index)));
    }

    @Override
    public RowLoss evaluate(EngineTrainer core, PackedRow row) {
        return RowLoss.of(core.evaluate(RowAnswers.all(row).batch(0)));
    }
}
