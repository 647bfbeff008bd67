package dev.chaku.generate;

import dev.chaku.errors.BadInputException;

/**
 * What a model says to data.
 *
 * @param loss mean cross-entropy by weight, in nats
 * @param accuracy share of the weighted tokens that are the most likely at their place
 * @param tokens number of weighted tokens
 * @param sequences number of sequences with such tokens
 */
public record DataLoss(double loss, double accuracy, long tokens, long sequences) {
    /** e to the loss: how many equally likely tokens the model is, as it were, undecided between. */
    public double perplexity() {
        return Math.exp(loss);
    }

    /** What is added up, token by token. Not thread-safe. */
    public static final class Sum {
        private double lossSum;
        private double weightSum;
        private long correct;
        private long tokens;
        private long sequences;

        void token(double logprob, double weight, boolean right) {
            lossSum -= weight * logprob;
            weightSum += weight;
            correct += right ? 1 : 0;
            tokens++;
        }

        void sequence() {
            sequences++;
        }

        /** @throws BadInputException if nothing was added */
        public DataLoss loss() {
            if (tokens == 0) {
                throw new BadInputException("expected data with a token that counts, found none");
            }
            return new DataLoss(lossSum / weightSum, (double) correct / tokens, tokens, sequences);
        }
    }
}
