package dev.chaku.internal.train;

import dev.chaku.train.Loss;

/** {@link Loss.Kto}: the loss of one answer. */
record KtoFormula(Loss.Kto loss) {
    /**
     * What the formula gives.
     *
     * @param slope the derivative of the loss by the answer's log-probability
     * @param reward how much likelier the answer became, times beta
     * @param right whether it is on its side of the reference point
     */
    record Value(double loss, double slope, double reward, boolean right) {}

    /** @param point z, how much likelier answers became by themselves */
    Value of(Answer answer, boolean wanted, double point) {
        double toward = wanted ? 1 : -1;
        double weight = wanted ? loss.wantedWeight() : loss.unwantedWeight();
        double share = Logistic.of(toward * loss.beta() * (answer.gain() - point));
        return new Value(
                weight * (1 - share),
                -weight * toward * loss.beta() * share * (1 - share),
                loss.beta() * answer.gain(),
                toward * (answer.gain() - point) > 0);
    }
}
