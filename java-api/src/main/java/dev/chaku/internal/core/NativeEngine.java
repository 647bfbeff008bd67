package dev.chaku.internal.core;

import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_engine;
import dev.chaku.internal.core.binding.generated.chaku_engine_info;
import dev.chaku.internal.core.binding.generated.chaku_engine_options;
import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.Engine;
import dev.chaku.internal.engine.EngineInfo;
import dev.chaku.internal.engine.EngineModel;
import dev.chaku.internal.engine.EngineOptions;
import java.util.Optional;
import java.util.function.Supplier;

/** A thread pool and the kernel table chosen for this machine. Thread-safe; concurrent computations take turns. */
public final class NativeEngine extends NativeHandle<chaku_engine> implements Engine {
    private NativeEngine(chaku_engine pointer) {
        super("engine", pointer, chaku::chaku_engine_free);
    }

    /** @throws dev.chaku.errors.DeviceException if the machine or the build lacks a forced path */
    public static NativeEngine create(EngineOptions wanted) {
        NativeLibrary.load();
        try (chaku_engine_options options = new chaku_engine_options()) {
            options.size(options.sizeof())
                    .n_threads(wanted.threads())
                    .cpu_path(Ids.of(wanted.path()))
                    .device_kind(chaku.CHAKU_DEVICE_CPU)
                    .device_ordinal(0)
                    .device_requirement(chaku.CHAKU_DEVICE_REQUIRED);
            chaku_engine out = new chaku_engine();
            Status.check(chaku.chaku_engine_create(options, out));
            return new NativeEngine(out);
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
                    info.available_bytes());
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
