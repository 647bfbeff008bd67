package dev.chaku.internal.engine;

/**
 * One optimizer step.
 *
 * @param weightDecay decoupled; matrices only
 * @param maxGradNorm 0 for no clipping
 * @param bRateRatio the learning rate of B over that of A (LoRA+), 1 for plain LoRA
 * @param maxGradValue of each element, before the norm; 0 for no clipping
 */
public record StepOptions(
        float learningRate,
        float beta1,
        float beta2,
        float epsilon,
        float weightDecay,
        float maxGradNorm,
        float bRateRatio,
        float maxGradValue) {}
