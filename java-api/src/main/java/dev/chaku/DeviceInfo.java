package dev.chaku;

import dev.chaku.errors.DeviceException;
import dev.chaku.internal.core.NativeEngine;
import dev.chaku.internal.engine.EngineInfo;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a model computes on.
 *
 * @param device the path in use, never {@link Device#AUTO}
 * @param best the best path of this machine and build
 * @param threads threads in use
 * @param features what the processor has of the instruction sets that Chaku uses
 * @param availableBytes memory that the process may still take
 */
public record DeviceInfo(Device device, Device best, int threads, List<String> features, long availableBytes) {
    /** In the order of the bits {@code CHAKU_FEATURE_*}. */
    private static final List<String> FEATURES =
            List.of("AVX2", "FMA", "F16C", "AVX512", "AVX512_VNNI", "AVX512_BF16", "AMX_BF16", "AMX_INT8", "AVX_VNNI");

    public DeviceInfo {
        features = List.copyOf(features);
    }

    /**
     * Looks at this machine without a model.
     *
     * @param threads 0 for one per core that this process may use
     * @throws DeviceException if the machine or the build lacks the device, or the native library cannot be loaded
     */
    public static DeviceInfo probe(Device device, int threads) {
        try (NativeEngine engine = NativeEngine.create(threads, device.ordinal())) {
            return of(engine.describe());
        }
    }

    static DeviceInfo of(EngineInfo info) {
        Device[] devices = Device.values();
        return new DeviceInfo(
                devices[info.cpuPath()],
                devices[info.bestCpuPath()],
                info.threads(),
                IntStream.range(0, FEATURES.size())
                        .filter(bit -> (info.cpuFeatures() >> bit & 1) == 1)
                        .mapToObj(FEATURES::get)
                        .toList(),
                info.availableBytes());
    }
}
