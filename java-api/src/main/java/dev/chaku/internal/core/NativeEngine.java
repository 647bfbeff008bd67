package dev.chaku.internal.core;

import dev.chaku.errors.DeviceException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_engine;
import dev.chaku.internal.core.binding.generated.chaku_engine_info;
import dev.chaku.internal.core.binding.generated.chaku_engine_options;
import dev.chaku.internal.engine.CudaChoice;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.Engine;
import dev.chaku.internal.engine.EngineInfo;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EngineOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * What computes: a thread pool and the kernel table chosen for this machine, or a CUDA device. Thread-safe; concurrent
 * computations take turns.
 */
public final class NativeEngine extends NativeHandle<chaku_engine> implements Engine {
    /** Why the processor computes though another device was preferred; empty where it does not. */
    private final String fallback;

    private NativeEngine(chaku_engine pointer, String fallback) {
        super("engine", pointer, chaku::chaku_engine_free);
        this.fallback = fallback;
    }

    /** @throws DeviceException if the machine or the build lacks a forced path or a required device */
    public static NativeEngine create(EngineOptions wanted) {
        NativeLibrary.load();
        CudaChoice cuda = wanted.cuda();
        if (cuda == null) {
            return create(wanted, null, "");
        }
        Optional<Path> file = NativeCuda.file();
        if (file.isPresent()) {
            try (BytePointer library = NativeCuda.text(file.get())) {
                return create(wanted, library, "");
            }
        }
        if (cuda.required()) {
            throw new DeviceException(
                    "expected the CUDA device " + cuda.number() + ", got none: " + NativeCuda.absence());
        }
        return create(wanted, null, NativeCuda.absence());
    }

    /** @param library the CUDA kernels; null for the processor */
    private static NativeEngine create(EngineOptions wanted, @Nullable BytePointer library, String fallback) {
        CudaChoice cuda = library == null ? null : wanted.cuda();
        try (chaku_engine_options options = new chaku_engine_options()) {
            options.size(options.sizeof())
                    .n_threads(wanted.threads())
                    .cpu_path(Ids.of(wanted.path()))
                    .device_kind(cuda == null ? chaku.CHAKU_DEVICE_CPU : chaku.CHAKU_DEVICE_CUDA)
                    .device_ordinal(cuda == null ? 0 : cuda.number())
                    .device_requirement(
                            cuda == null || cuda.required()
                                    ? chaku.CHAKU_DEVICE_REQUIRED
                                    : chaku.CHAKU_DEVICE_PREFERRED)
                    .streams_layers(cuda == null || cuda.gpuLayers() == CudaChoice.ALL ? 0 : 1)
                    .gpu_layers(cuda == null ? 0 : Math.max(0, cuda.gpuLayers()))
                    .offload_activations(cuda != null && cuda.offload() ? 1 : 0)
                    .cuda_library(library);
            chaku_engine out = new chaku_engine();
            Status.check(chaku.chaku_engine_create(options, out));
            return new NativeEngine(out, cuda == null ? fallback : fallbackOf(out));
        }
    }

    private static String fallbackOf(chaku_engine engine) {
        try (PointerPointer<BytePointer> out = new PointerPointer<>(1)) {
            Status.check(chaku.chaku_engine_fallback(engine, out));
            return out.get(BytePointer.class, 0).getString(StandardCharsets.UTF_8);
        }
    }

    @Override
    public EngineInfo describe() {
        chaku_engine engine = enter();
        try (chaku_engine_info info = new chaku_engine_info()) {
            info.size(info.sizeof());
            Status.check(chaku.chaku_engine_describe(engine, info));
            return new EngineInfo(
                    info.n_threads(),
                    Ids.path(info.cpu_path()),
                    Ids.path(info.best_cpu_path()),
                    Ids.features(info.cpu_features()),
                    info.available_bytes(),
                    info.device_kind() == chaku.CHAKU_DEVICE_CUDA ? info.device_ordinal() : null,
                    fallback);
        } finally {
            leave();
        }
    }

    @Override
    public EngineModel load(DecoderSpec spec, GgufFile file, Supplier<Optional<String>> fault) {
        return DecoderWeights.load(this, spec, file, fault);
    }

    @Override
    public EngineModel random(DecoderSpec spec, long seed) {
        return DecoderWeights.random(this, spec, seed);
    }
}
