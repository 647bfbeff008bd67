package dev.chaku;

import dev.chaku.errors.DeviceException;
import dev.chaku.internal.engine.Engine;
import dev.chaku.internal.engine.EngineInfo;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.ProcessMemory;
import java.util.List;

/**
 * What a model computes on.
 *
 * @param device the device in use, never {@link Device#AUTO}
 * @param best the best path of this machine's processor and of this build
 * @param threads threads in use
 * @param features what the processor has of the instruction sets that Chaku uses
 * @param availableBytes memory that the process may still take, or that is left on the CUDA device in use
 * @param fallback why the processor computes in place of the CUDA device that was preferred; empty where none is
 */
public record DeviceInfo(
        Device device, Device best, int threads, List<String> features, long availableBytes, String fallback) {
    public DeviceInfo {
        features = List.copyOf(features);
    }

    /**
     * Looks at this machine without a model.
     *
     * @param device what to ask for; {@link Device#AUTO} for the best there is
     * @param threads 0 for one per core that this process may use
     * @return what there is
     * @throws DeviceException if the machine or the build lacks the device, or the native library cannot be loaded
     */
    public static DeviceInfo probe(Device device, int threads) {
        try (Engine engine = Engines.start(device.engineOptions(threads))) {
            return of(engine.describe());
        }
    }

    /**
     * {@return the most memory that this process has held so far, in bytes, mapped files included; 0 where the system
     * does not tell}
     */
    public static long processPeakBytes() {
        return ProcessMemory.peakBytes();
    }

    static DeviceInfo of(EngineInfo info) {
        return new DeviceInfo(
                Device.of(info),
                Device.of(info.best()),
                info.threads(),
                info.features(),
                info.availableBytes(),
                info.fallback());
    }
}
