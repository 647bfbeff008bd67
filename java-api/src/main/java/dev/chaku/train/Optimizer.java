package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.List;

/**
 * AdamW: what becomes of a gradient. Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019; the
 * ratio of rates from Hayou et al., "LoRA+", 2024.
 *
 * @param weightDecay decoupled, of matrices
 * @param maxGradNorm gradients are scaled down to this norm, 0 for no clipping
 * @param beta1 share of the first moment that stays from step to step
 * @param beta2 share of the second moment that stays
 * @param epsilon added to the root of the second moment
 * @param bRateRatio LoRA+: the learning rate of B over that of A; 1 for plain LoRA
 */
public record Optimizer(
        double weightDecay, double maxGradNorm, double beta1, double beta2, double epsilon, double bRateRatio)
        implements SettingGroup {

    /** @throws BadInputException if a setting is out of its range */
    public Optimizer {
        require(weightDecay >= 0 && weightDecay < 1, "weight decay", "at least 0 and less than 1", weightDecay);
        require(maxGradNorm >= 0, "max grad norm", "at least 0", maxGradNorm);
        require(
                beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
                "betas",
                "at least 0 and less than 1",
                beta1 + ", " + beta2);
        require(epsilon > 0, "epsilon", "more than 0", epsilon);
        require(bRateRatio > 0, "lora plus ratio", "more than 0", bRateRatio);
    }

    /** {@return no decay, gradients of norm 1 at most, betas of 0.9 and 0.999, epsilon of 1e-8, one rate} */
    public static Optimizer defaults() {
        return new Optimizer(0, 1, 0.9, 0.999, 1e-8, 1);
    }

    /**
     * A copy with another weight decay.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Optimizer withWeightDecay(double value) {
        return new Optimizer(value, maxGradNorm, beta1, beta2, epsilon, bRateRatio);
    }

    /**
     * A copy that clips at another norm.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Optimizer withMaxGradNorm(double value) {
        return new Optimizer(weightDecay, value, beta1, beta2, epsilon, bRateRatio);
    }

    /**
     * A copy with other betas.
     *
     * @param first of the first moment, in [0, 1)
     * @param second of the second moment, in [0, 1)
     * @return the copy
     */
    public Optimizer withBetas(double first, double second) {
        return new Optimizer(weightDecay, maxGradNorm, first, second, epsilon, bRateRatio);
    }

    /**
     * A copy with another epsilon.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Optimizer withEpsilon(double value) {
        return new Optimizer(weightDecay, maxGradNorm, beta1, beta2, value, bRateRatio);
    }

    /**
     * A copy with another ratio of rates.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Optimizer withBRateRatio(double value) {
        return new Optimizer(weightDecay, maxGradNorm, beta1, beta2, epsilon, value);
    }

    @Override
    public List<Setting> settings() {
        return List.of(
                Setting.of("weight_decay", weightDecay),
                Setting.of("max_grad_norm", maxGradNorm),
                Setting.of("beta1", beta1),
                Setting.of("beta2", beta2),
                Setting.of("epsilon", epsilon),
                Setting.of("b_rate_ratio", bRateRatio));
    }
}
