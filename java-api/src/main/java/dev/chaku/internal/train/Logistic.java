package dev.chaku.internal.train;

/** The logistic function, exact at both ends. */
final class Logistic {
    private Logistic() {}

    static double of(double x) {
        return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
    }

    /** -log of the logistic function. */
    static double negativeLog(double x) {
        return x >= 0 ? Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)) - x;
    }
}
