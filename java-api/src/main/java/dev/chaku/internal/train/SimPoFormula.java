package dev.chaku.internal.train;

import dev.chaku.train.Loss;

/** {@link Loss.SimPo}. */
record SimPoFormula(Loss.SimPo loss) implements PairFormula {
    @Override
    public Value of(Answer chosen, Answer rejected) {
        double better = loss.beta() * chosen.mean();
        double worse = loss.beta() * rejected.mean();
        double x = better - worse - loss.gamma();
        double slope = -loss.beta() * Logistic.of(-x);
        return new Value(Logistic.negativeLog(x), slope / chosen.weight(), -slope / rejected.weight(), better, worse)
                .plusNll(loss.nllWeight(), chosen);
    }
}
