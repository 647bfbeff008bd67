package dev.chaku.internal.engine;

import java.util.List;

/**
 * The CUDA devices of this machine, in the order of their numbers.
 *
 * @param found empty where there is none
 * @param absence why there is none; empty where there is one
 */
public record CudaDevices(List<Found> found, String absence) {
    public CudaDevices {
        found = List.copyOf(found);
    }

    /**
     * One of them.
     *
     * @param name as its driver tells
     * @param major of the compute capability
     * @param minor of the compute capability
     * @param multiprocessors their number
     * @param totalBytes its memory
     * @param freeBytes what can be allocated now; -1 where the driver does not tell
     * @param unusable why the kernels do not run on it; empty where they do
     */
    public record Found(
            String name, int major, int minor, int multiprocessors, long totalBytes, long freeBytes, String unusable) {}
}
