package dev.chaku.internal.engine;

/**
 * A CUDA device that is asked for.
 *
 * @param number from 0
 * @param required whether to fail where it cannot be used, in place of computing on the processor
 * @param gpuLayers layers of a model whose weights stay on it; {@link #ALL} for all
 */
public record CudaChoice(int number, boolean required, int gpuLayers) {
    public static final int ALL = -1;

    public CudaChoice(int number, boolean required) {
        this(number, required, ALL);
    }
}
