package dev.chaku.internal.train;

/**
 * An answer as the losses of preferences see it.
 *
 * @param logProb sum of weight * log-probability of its tokens, in nats
 * @param reference the same of the model as the training began; 0 where none is kept
 * @param weight sum of the weights, above 0: its length
 */
record Answer(double logProb, double reference, double weight) {
    /** How much likelier it became, in nats. */
    double gain() {
        return logProb - reference;
    }

    double mean() {
        return logProb / weight;
    }
}
