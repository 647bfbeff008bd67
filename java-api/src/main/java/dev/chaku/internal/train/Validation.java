package dev.chaku.internal.train;

import dev.chaku.data.PackedRow;
import dev.chaku.internal.engine.BatchLoss;
import dev.chaku.internal.engine.EngineTrainer;
import java.util.List;

/**
 * What the trained parameters say to data that are not trained on.
 *
 * @param loss mean cross-entropy by weight, in nats
 * @param accuracy share of the weighted tokens that are predicted right
 */
record Validation(double loss, double accuracy) {
    static Validation of(Objective objective, EngineTrainer core, List<PackedRow> rows, Runnable beforeEach) {
        double lossSum = 0;
        double weightSum = 0;
        long correct = 0;
        long weighted = 0;
        for (PackedRow row : rows) {
            beforeEach.run();
            BatchLoss loss = objective.evaluate(core, row);
            lossSum += loss.lossSum();
            weightSum += loss.weightSum();
            correct += loss.correct();
            weighted += loss.weighted();
        }
        return new Validation(lossSum / weightSum, (double) correct / weighted);
    }
}
