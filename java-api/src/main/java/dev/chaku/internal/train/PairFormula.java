package dev.chaku.internal.train;

/** A loss over a chosen and a rejected answer. Stateless: one class a loss, and its line in {@link Objective#of}. */
interface PairFormula {
    /**
     * What the formula gives.
     *
     * @param chosenSlope the derivative of the loss by the chosen answer's log-probability, and so of the rejected
     * @param chosenReward what the loss compares, times beta
     */
    record Value(double loss, double chosenSlope, double rejectedSlope, double chosenReward, double rejectedReward) {
        /** With what the chosen answer's mean cross-entropy adds. */
        Value plusNll(double weight, Answer chosen) {
            return new Value(
                    loss - weight * chosen.mean(),
                    chosenSlope - weight / chosen.weight(),
                    rejectedSlope,
                    chosenReward,
                    rejectedReward);
        }
    }

    Value of(Answer chosen, Answer rejected);
}
