package dev.chaku;

import dev.chaku.errors.DeviceException;
import dev.chaku.internal.engine.CudaDevices;
import dev.chaku.internal.engine.lookup.Engines;
import java.util.ArrayList;
import java.util.List;

/**
 * The CUDA devices of this machine.
 *
 * @param found in the order of their numbers; empty where there is none
 * @param absence why there is none: no library of kernels, no driver, one that is too old, no device; empty where there
 *     is one
 */
public record Gpus(List<Gpu> found, String absence) {
    public Gpus {
        found = List.copyOf(found);
    }

    /**
     * Looks at this machine. Where none is found that is no failure.
     *
     * @return what there is
     * @throws DeviceException if the native library cannot be loaded
     */
    public static Gpus find() {
        CudaDevices devices = Engines.cudaDevices();
        List<Gpu> found = new ArrayList<>();
        for (CudaDevices.Found each : devices.found()) {
            found.add(new Gpu(
                    found.size(),
                    each.name(),
                    each.major() + "." + each.minor(),
                    each.multiprocessors(),
                    each.totalBytes(),
                    each.freeBytes(),
                    each.unusable()));
        }
        return new Gpus(found, devices.absence());
    }
}
