package dev.chaku.internal.train;

import dev.chaku.internal.engine.BatchLoss;

/**
 * What rows say, one or several; sums.
 *
 * @param lossSum of what is counted by the weights
 * @param weightSum of tokens by their weights, or of answers or pairs
 * @param right of those that are told apart: tokens predicted, pairs in their order, answers on their side
 * @param counted how many are told apart
 * @param balance load-balance loss
 * @param rewards of preferences; zeros where nothing is preferred
 */
record RowLoss(double lossSum, double weightSum, long right, long counted, double balance, Rewards rewards) {
    static final RowLoss NONE = new RowLoss(0, 0, 0, 0, 0, Rewards.NONE);

    /** Of cross-entropy. */
    static RowLoss of(BatchLoss loss) {
        return new RowLoss(
                loss.lossSum(), loss.weightSum(), loss.correct(), loss.weighted(), loss.balance(), Rewards.NONE);
    }

    RowLoss plus(RowLoss other) {
        return new RowLoss(
                lossSum + other.lossSum,
                weightSum + other.weightSum,
                right + other.right,
                counted + other.counted,
                balance + other.balance,
                rewards.plus(other.rewards));
    }

    RowLoss withBalance(double value) {
        return new RowLoss(lossSum, weightSum, right, counted, value, rewards);
    }

    double loss() {
        return lossSum / weightSum;
    }

    double accuracy() {
        return (double) right / counted;
    }
}
