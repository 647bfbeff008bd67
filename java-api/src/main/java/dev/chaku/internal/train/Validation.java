package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.internal.engine.EngineTrainer;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What the trained parameters say to data that are not trained on.
 *
 * @param loss mean loss: of tokens by their weights, of pairs, or of answers
 * @param accuracy share of the tokens that are predicted right, of pairs in their order, of answers on their side
 * @param margin mean reward of the better answers less that of the others, of preferences
 */
record Validation(double loss, double accuracy, OptionalDouble margin) {
    static Validation of(Objective objective, EngineTrainer core, List<PackedRow> rows, Runnable beforeEach) {
        objective.begin(core, rows, beforeEach);
        RowLoss sum = RowLoss.NONE;
        for (PackedRow row : rows) {
            beforeEach.run();
            sum = sum.plus(objective.evaluate(core, row));
        }
        return new Validation(sum.loss(), sum.accuracy(), sum.rewards().margin());
    }
}
