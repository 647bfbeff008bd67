package dev.chaku.generate;

/**
 * What a model says to data.
 *
 * @param loss mean cross-entropy by weight, in nats
 * @param accuracy share of the weighted tokens that are the most likely at their place
 * @param tokens number of weighted tokens
 * @param sequences number of sequences with such tokens
 */
public record DataLoss(double loss, double accuracy, long tokens, long sequences) {
    /** {@return e to the loss: how many equally likely tokens the model is, as it were, undecided between} */
    public double perplexity() {
        return Math.exp(loss);
    }
}
