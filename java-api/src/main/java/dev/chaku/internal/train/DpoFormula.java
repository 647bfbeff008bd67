package dev.chaku.internal.train;

import dev.chaku.train.Loss;

/** {@link Loss.Dpo}. */
record DpoFormula(Loss.Dpo loss) implements PairFormula {
    @Override
    public Value of(Answer chosen, Answer rejected) {
        double perChosen = loss.lengthNormalised() ? 1 / chosen.weight() : 1;
        double perRejected = loss.lengthNormalised() ? 1 / rejected.weight() : 1;
        double better = loss.beta() * chosen.gain() * perChosen;
        double worse = loss.beta() * rejected.gain() * perRejected;
        double margin = better - worse;
        double e = loss.labelSmoothing();
        double value = (1 - e) * Logistic.negativeLog(margin) + e * Logistic.negativeLog(-margin);
        double slope = loss.beta() * (e * Logistic.of(margin) - (1 - e) * Logistic.of(-margin));
        return new Value(value, slope * perChosen, -slope * perRejected, better, worse)
                .plusNll(loss.nllWeight(), chosen);
    }
}
