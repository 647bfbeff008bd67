package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.internal.engine.BatchLoss;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.train.Loss;

/**
 * How a loss is computed of rows: one class for each kind, which alone knows its numbers, what it needs of a row and
 * what the core is asked for.
 */
interface Objective {
    /** The computation of a loss. */
    static Objective of(Loss loss) {
        if (loss instanceof Loss.CrossEntropy) {
            return new CrossEntropyObjective();
        }
        throw new IllegalArgumentException("a loss that nothing computes: " + loss);
    }

    /**
     * Adds a row's gradients to those of the step under way.
     *
     * @param index of the row in the run, on which its dropout depends
     */
    BatchLoss accumulate(EngineTrainer core, PackedRow row, long index);

    /** The loss of a row alone, without dropout. */
    BatchLoss evaluate(EngineTrainer core, PackedRow row);
}
