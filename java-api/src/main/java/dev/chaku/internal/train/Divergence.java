package dev.chaku.internal.train;

import dev.chaku.internal.engine.StepResult;
import java.util.Map;
import java.util.Optional;

/** Watches a run for losses and gradients that are no numbers, with which nothing is learned. Not thread-safe. */
final class Divergence {
    private static final int MOST_SKIPPED_IN_A_ROW = 5;
    private static final String SKIPPED_IN_A_ROW = "skipped_in_a_row";

    private int skippedInARow;
    private boolean learned;
    private double loss;
    private double evalLoss;

    /** @param lossSum of all tokens of the step */
    void step(double lossSum, StepResult result) {
        skippedInARow = result.skipped() ? skippedInARow + 1 : 0;
        learned |= !result.skipped();
        loss = lossSum;
    }

    void evaluation(Validation validation) {
        evalLoss = validation.loss();
    }

    /** Whether the parameters give a number for the data of the last step. */
    boolean isSound() {
        return Double.isFinite(loss);
    }

    /** Why more steps are of no use, if so. */
    Optional<String> endless() {
        return skippedInARow < MOST_SKIPPED_IN_A_ROW
                ? Optional.empty()
                : Optional.of("the gradients of " + skippedInARow + " steps in a row were not finite");
    }

    /** Why what the run has come to is of no use, if so: however short it was, no result may pretend to be one. */
    Optional<String> spoiled() {
        if (!isSound()) {
            return Optional.of("the loss of the last step is " + loss);
        }
        if (!Double.isFinite(evalLoss)) {
            return Optional.of("the loss of the validation data is " + evalLoss);
        }
        return learned
                ? Optional.empty()
                : Optional.of("the gradients of all its steps were not finite, so that nothing was learned");
    }

    void save(Map<String, String> counters) {
        counters.put(SKIPPED_IN_A_ROW, Integer.toString(skippedInARow));
    }

    /** @param step where the run goes on */
    void restore(Map<String, String> counters, int step) {
        skippedInARow = Integer.parseInt(counters.get(SKIPPED_IN_A_ROW));
        learned = Integer.parseInt(counters.get(ProgressMeter.SKIPPED)) < step;
    }
}
