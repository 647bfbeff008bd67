package dev.chaku.internal.core;

import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_engine;
import dev.chaku.internal.core.binding.generated.chaku_engine_info;
import dev.chaku.internal.core.binding.generated.chaku_engine_options;
import dev.chaku.internal.engine.EngineInfo;

/** A thread pool and the kernel table chosen for this machine. Thread-safe; concurrent computations take turns. */
public final class NativeEngine extends NativeHandle<chaku_engine> {
    private NativeEngine(chaku_engine pointer) {
        super("engine", pointer, chaku::chaku_engine_free);
    }

    /**
     * Starts an engine.
     *
     * @param threads 0 for one per core that this process may use
     * @param cpuPath {@code CHAKU_CPU_*}, 0 for the best one
     * @throws dev.chaku.errors.DeviceException if the machine or the build lacks a forced path
     */
    public static NativeEngine create(int threads, int cpuPath) {
        NativeLibrary.load();
        try (chaku_engine_options options = new chaku_engine_options()) {
            options.size(options.sizeof()).n_threads(threads).cpu_path(cpuPath);
            chaku_engine out = new chaku_engine();
            Status.check(chaku.chaku_engine_create(options, out));
            return new NativeEngine(out);
        }
    }

    /** What it runs on, and the memory that is available now. */
    public EngineInfo describe() {
        chaku_engine engine = enter();
        try (chaku_engine_info info = new chaku_engine_info()) {
            info.size(info.sizeof());
            Status.check(chaku.chaku_engine_describe(engine, info));
            return new EngineInfo(
                    info.n_threads(),
                    info.cpu_path(),
                    info.best_cpu_path(),
                    info.cpu_features(),
                    info.available_bytes());
        } finally {
            leave();
        }
    }
}
