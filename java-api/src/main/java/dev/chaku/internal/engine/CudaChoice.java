package dev.chaku.internal.engine;

/**
 * A CUDA device that is asked for.
 *
 * @param number from 0
 * @param required whether to fail where it cannot be used, in place of computing on the processor
 */
public record CudaChoice(int number, boolean required) {}
