package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.internal.engine.EngineTrainer;
import dev.chaku.train.Loss;
import java.util.List;

/**
 * How a loss is computed of rows: one class for each kind, which alone knows its numbers, what it needs of a row and
 * what the core is asked for.
 */
interface Objective {
    /**
     * The computation of a loss.
     *
     * @param reference of the same; empty unless the loss needs one
     */
    static Objective of(Loss loss, ReferenceScores.Part reference) {
        if (loss instanceof Loss.CrossEntropy) {
            return new CrossEntropyObjective();
        }
        if (loss instanceof Loss.Dpo dpo) {
            return new PairObjective(new DpoFormula(dpo), reference);
        }
        if (loss instanceof Loss.Hinge hinge) {
            return new PairObjective(new HingeFormula(hinge), reference);
        }
        if (loss instanceof Loss.Ipo ipo) {
            return new PairObjective(new IpoFormula(ipo), reference);
        }
        if (loss instanceof Loss.Orpo orpo) {
            return new PairObjective(new OrpoFormula(orpo), reference);
        }
        if (loss instanceof Loss.SimPo simPo) {
            return new PairObjective(new SimPoFormula(simPo), reference);
        }
        if (loss instanceof Loss.Kto kto) {
            return new KtoObjective(new KtoFormula(kto), reference);
        }
        throw new IllegalArgumentException("a loss that nothing computes: " + loss);
    }

    /**
     * Looks at all rows of a step, or of a validation, before the first of them.
     *
     * @param beforeEach run before each computation of the core
     */
    default void begin(EngineTrainer core, List<PackedRow> rows, Runnable beforeEach) {}

    /**
     * Adds a row's gradients to those of the step under way.
     *
     * @param index of the row in the run, on which its dropout depends
     */
    RowLoss accumulate(EngineTrainer core, PackedRow row, long index);

    /** The loss of a row alone, without dropout. */
    RowLoss evaluate(EngineTrainer core, PackedRow row);
}
