package dev.chaku.internal.engine;

/**
 * What an object of the core will take, computed before anything is allocated; all in bytes.
 *
 * @param weightBytes mapped or held by the model, shared by all its users
 * @param parameterBytes trainable values and their gradients
 * @param optimizerBytes moments
 * @param activationBytes what a forward pass keeps for the backward pass, or the KV cache
 * @param scratchBytes working memory
 * @param totalBytes the sum
 * @param availableBytes what the machine can give now, mapped weights counted as available
 */
public record MemoryPlan(
        long weightBytes,
        long parameterBytes,
        long optimizerBytes,
        long activationBytes,
        long scratchBytes,
        long totalBytes,
        long availableBytes) {}
