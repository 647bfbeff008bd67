package dev.chaku.internal.engine;

/**
 * What an optimizer step did.
 *
 * @param skipped a gradient was not finite: nothing changed but the gradients, now zero
 * @param step optimizer steps done, this one included
 * @param gradNorm before clipping, of the gradient of the mean loss
 */
public record StepResult(boolean skipped, long step, double gradNorm) {}
