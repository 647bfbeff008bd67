package dev.chaku.internal.engine;

/**
 * What one micro-batch says.
 *
 * @param weighted positions with a weight above 0
 * @param correct of those, whose most likely token is the target
 * @param lossSum sum of weight * cross-entropy, in nats
 * @param weightSum sum of the weights
 * @param balance load-balance loss, the mean over layers of experts: as much as each token uses when all is even, more
 *     when not; 0 unless it is trained
 */
public record BatchLoss(int weighted, int correct, double lossSum, double weightSum, double balance) {}
