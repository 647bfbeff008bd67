package dev.chaku.train;

import static dev.chaku.train.Setting.require;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What becomes of a gradient. Sources: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019 (AdamW);
 * Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023 (Lion); the ratio of rates from Hayou et al.,
 * "LoRA+", 2024.
 *
 * @param kind the rule, and what it keeps
 * @param weightDecay decoupled, of matrices
 * @param maxGradNorm gradients are scaled down to this norm, 0 for no clipping
 * @param maxGradValue each element of a gradient is brought within this size of 0 before its norm is taken, 0 for no
 *     clipping
 * @param beta1 share of the first moment that stays from step to step
 * @param beta2 share of the second moment that stays
 * @param epsilon added to the root of the second moment; Lion has none
 * @param bRateRatio LoRA+: the learning rate of B over that of A; 1 for plain LoRA
 */
public record Optimizer(
        OptimizerKind kind,
        double weightDecay,
        double maxGradNorm,
        double maxGradValue,
        double beta1,
        double beta2,
        double epsilon,
        double bRateRatio)
        implements SettingGroup {

    /** @throws BadInputException if a setting is out of its range */
    public Optimizer {
        Objects.requireNonNull(kind, "kind");
        require(weightDecay >= 0 && weightDecay < 1, "weight decay", "at least 0 and less than 1", weightDecay);
        require(maxGradNorm >= 0, "max grad norm", "at least 0", maxGradNorm);
        require(maxGradValue >= 0, "max grad value", "at least 0", maxGradValue);
        require(
                beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1,
                "betas",
                "at least 0 and less than 1",
                beta1 + ", " + beta2);
        require(epsilon > 0, "epsilon", "more than 0", epsilon);
        require(bRateRatio > 0, "lora plus ratio", "more than 0", bRateRatio);
    }

    /** {@return AdamW, no decay, gradients of norm 1 at most, betas of 0.9 and 0.999, epsilon of 1e-8, one rate} */
    public static Optimizer defaults() {
        return new Optimizer(OptimizerKind.ADAMW, 0, 1, 0, 0.9, 0.999, 1e-8, 1);
    }

    /**
     * A copy with another rule, and the betas that its authors take: 0.9 and 0.999 for AdamW, 0.9 and 0.99 for Lion.
     *
     * @param value the rule
     * @return the copy
     */
    public Optimizer withKind(OptimizerKind value) {
        return new Optimizer(
                value, weightDecay, maxGradNorm, maxGradValue, value.beta1(), value.beta2(), epsilon, bRateRatio);
    }

    /**
     * A copy that clips each element at another size.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Optimizer withMaxGradValue(double value) {
        return new Optimizer(kind, weightDecay, maxGradNorm, value, beta1, beta2, epsilon, bRateRatio);
    }

    /**
     * A copy with another weight decay.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Optimizer withWeightDecay(double value) {
        return new Optimizer(kind, value, maxGradNorm, maxGradValue, beta1, beta2, epsilon, bRateRatio);
    }

    /**
     * A copy that clips at another norm.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Optimizer withMaxGradNorm(double value) {
        return new Optimizer(kind, weightDecay, value, maxGradValue, beta1, beta2, epsilon, bRateRatio);
    }

    /**
     * A copy with other betas.
     *
     * @param first of the first moment, in [0, 1)
     * @param second of the second moment, in [0, 1)
     * @return the copy
     */
    public Optimizer withBetas(double first, double second) {
        return new Optimizer(kind, weightDecay, maxGradNorm, maxGradValue, first, second, epsilon, bRateRatio);
    }

    /**
     * A copy with another epsilon.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Optimizer withEpsilon(double value) {
        return new Optimizer(kind, weightDecay, maxGradNorm, maxGradValue, beta1, beta2, value, bRateRatio);
    }

    /**
     * A copy with another ratio of rates.
     *
     * @param value in the range that the component of this name has
     * @return the copy
     */
    public Optimizer withBRateRatio(double value) {
        return new Optimizer(kind, weightDecay, maxGradNorm, maxGradValue, beta1, beta2, epsilon, value);
    }

    @Override
    public List<Setting> settings() {
        List<Setting> settings = new ArrayList<>();
        // What older descriptions of runs do not name is named where it is not what it was for them.
        if (kind != OptimizerKind.ADAMW) {
            settings.add(Setting.of("optimizer", kind.label()));
        }
        settings.add(Setting.of("weight_decay", weightDecay));
        settings.add(Setting.of("max_grad_norm", maxGradNorm));
        if (maxGradValue > 0) {
            settings.add(Setting.of("max_grad_value", maxGradValue));
        }
        settings.add(Setting.of("beta1", beta1));
        settings.add(Setting.of("beta2", beta2));
        settings.add(Setting.of("epsilon", epsilon));
        settings.add(Setting.of("b_rate_ratio", bRateRatio));
        return settings;
    }
}
