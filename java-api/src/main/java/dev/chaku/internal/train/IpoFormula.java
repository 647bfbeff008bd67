package dev.chaku.internal.train;

import dev.chaku.train.Loss;

/** {@link Loss.Ipo}. */
record IpoFormula(Loss.Ipo loss) implements PairFormula {
    @Override
    public Value of(Answer chosen, Answer rejected) {
        double better = chosen.gain() / chosen.weight();
        double worse = rejected.gain() / rejected.weight();
        double distance = better - worse - 1 / (2 * loss.beta());
        return new Value(
                        distance * distance,
                        2 * distance / chosen.weight(),
                        -2 * distance / rejected.weight(),
                        loss.beta() * better,
                        loss.beta() * worse)
                .plusNll(loss.nllWeight(), chosen);
    }
}
