package dev.chaku.internal.train;

import dev.chaku.train.Loss;

/** {@link Loss.Hinge}. */
record HingeFormula(Loss.Hinge loss) implements PairFormula {
    @Override
    public Value of(Answer chosen, Answer rejected) {
        double perChosen = loss.lengthNormalised() ? 1 / chosen.weight() : 1;
        double perRejected = loss.lengthNormalised() ? 1 / rejected.weight() : 1;
        double better = loss.beta() * chosen.gain() * perChosen;
        double worse = loss.beta() * rejected.gain() * perRejected;
        double value = 1 - (better - worse);
        double slope = value > 0 ? -loss.beta() : 0 * value; // What is no number stays none.
        return new Value(value <= 0 ? 0 : value, slope * perChosen, -slope * perRejected, better, worse)
                .plusNll(loss.nllWeight(), chosen);
    }
}
