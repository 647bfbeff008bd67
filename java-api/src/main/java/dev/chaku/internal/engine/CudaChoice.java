package dev.chaku.internal.engine;

/**
 * A CUDA device that is asked for.
 *
 * @param number from 0
 * @param required whether to fail where it cannot be used, in place of computing on the processor
 * @param gpuLayers layers of a model whose weights stay on it; {@link #ALL} for all
 * @param offload whether what a training keeps of each layer waits in the machine's memory
 */
public record CudaChoice(int number, boolean required, int gpuLayers, boolean offload) {
    public static final int ALL = -1;

    public CudaChoice(int number, boolean required) {
        this(number, required, ALL, false);
    }

    /** The same with other layers. */
    public CudaChoice withGpuLayers(int layers) {
        return new CudaChoice(number, required, layers, offload);
    }

    /** The same where it is not required. */
    public CudaChoice preferred() {
        return new CudaChoice(number, false, gpuLayers, offload);
    }

    /** The same with activations in the machine's memory. */
    public CudaChoice offloading() {
        return new CudaChoice(number, required, gpuLayers, true);
    }
}
