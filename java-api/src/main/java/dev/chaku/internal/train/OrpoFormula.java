package dev.chaku.internal.train;

import dev.chaku.train.Loss;

/** {@link Loss.Orpo}. */
record OrpoFormula(Loss.Orpo loss) implements PairFormula {
    /** A mean probability of 1, to the last digit, would have endless odds. */
    private static final double MOST = -1e-12;

    @Override
    public Value of(Answer chosen, Answer rejected) {
        double better = Math.min(chosen.mean(), MOST);
        double worse = Math.min(rejected.mean(), MOST);
        double ratio = logOdds(better) - logOdds(worse);
        double slope = -loss.beta() * Logistic.of(-ratio);
        return new Value(
                        loss.beta() * Logistic.negativeLog(ratio),
                        slope * logOddsSlope(better) / chosen.weight(),
                        -slope * logOddsSlope(worse) / rejected.weight(),
                        loss.beta() * chosen.mean(),
                        loss.beta() * rejected.mean())
                .plusNll(1, chosen);
    }

    /** log(p / (1 - p)) of p = e^mean. */
    private static double logOdds(double mean) {
        return mean - Math.log(-Math.expm1(mean));
    }

    /** Its derivative: 1 / (1 - p). */
    private static double logOddsSlope(double mean) {
        return -1 / Math.expm1(mean);
    }
}
