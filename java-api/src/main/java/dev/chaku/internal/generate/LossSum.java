package dev.chaku.internal.generate;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.DataLoss;

/** What a data set's loss is added up in, token by token. Not thread-safe. */
public final class LossSum {
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
