package dev.chaku.internal.engine.lookup;

import dev.chaku.errors.DeviceException;
import dev.chaku.internal.core.NativeChangeRows;
import dev.chaku.internal.core.NativeCuda;
import dev.chaku.internal.core.NativeEngine;
import dev.chaku.internal.core.NativeFormats;
import dev.chaku.internal.engine.BlockCodec;
import dev.chaku.internal.engine.ChangeRows;
import dev.chaku.internal.engine.CudaDevices;
import dev.chaku.internal.engine.Engine;
import dev.chaku.internal.engine.EngineOptions;

/** The only way from the seam to what stands behind it: the core of this library. */
public final class Engines {
    private Engines() {}

    /**
     * Starts an engine.
     *
     * @throws DeviceException if the machine or the build lacks the path, or the native library cannot be loaded
     */
    public static Engine start(EngineOptions options) {
        return NativeEngine.create(options);
    }

    /**
     * The CUDA devices of this machine.
     *
     * @throws DeviceException if the native library cannot be loaded
     */
    public static CudaDevices cudaDevices() {
        return NativeCuda.devices();
    }

    /** The codec of all formats, which loads the native library when it is first used. */
    public static BlockCodec codec() {
        return NativeFormats.CODEC;
    }

    /** What merges do to rows of weights; it loads the native library when it is first used. */
    public static ChangeRows changeRows() {
        return NativeChangeRows.INSTANCE;
    }
}
