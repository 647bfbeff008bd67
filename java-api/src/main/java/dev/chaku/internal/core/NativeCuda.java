package dev.chaku.internal.core;

import dev.chaku.errors.DeviceException;
import dev.chaku.internal.core.binding.generated.chaku;
import dev.chaku.internal.core.binding.generated.chaku_cuda_device;
import dev.chaku.internal.engine.CudaDevices;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * The optional library of CUDA kernels, which the core opens, and the devices that it sees. It is the file that the
 * system property {@value #FILE_PROPERTY} or the environment variable {@value #FILE_VARIABLE} names, or lies beside the
 * core in a folder that was named, or comes in the jar with the classifier of the platform and "-cuda".
 */
public final class NativeCuda {
    static final String FILE_PROPERTY = "chaku.cuda.library";
    static final String FILE_VARIABLE = "CHAKU_CUDA_LIBRARY";

    private static final String NAME = "chaku_cuda";

    private NativeCuda() {}

    /** Why there is none: what is missing, and where it is looked for. */
    static String absence() {
        return "no library of CUDA kernels: add the jar dev.chaku:chaku with the classifier " + NativeLibrary.platform()
                + "-cuda, or name the file with -D" + FILE_PROPERTY + " or " + FILE_VARIABLE;
    }

    /**
     * The file; empty if there is none.
     *
     * @throws DeviceException if it cannot be extracted, or the core cannot be loaded
     */
    static Optional<Path> file() {
        Path core = NativeLibrary.load();
        String variable = System.getenv(FILE_VARIABLE);
        String set = System.getProperty(FILE_PROPERTY, variable == null ? "" : variable);
        if (!set.isEmpty()) {
            return Optional.of(Path.of(set).toAbsolutePath());
        }
        String name = System.mapLibraryName(NAME);
        Path beside = core.resolve(name).toAbsolutePath();
        return Files.isRegularFile(beside) ? Optional.of(beside) : extracted(name);
    }

    private static Optional<Path> extracted(String name) {
        byte[] bytes;
        try (InputStream in = NativeFiles.resource(NativeLibrary.platform() + "/" + name)) {
            if (in == null) {
                return Optional.empty();
            }
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new DeviceException("the library of CUDA kernels cannot be read: " + e.getMessage(), e);
        }
        List<String> reasons = new ArrayList<>();
        for (NativeCache cache : NativeCache.ofUser()) {
            try {
                return Optional.of(cache.extract(List.of(new NativeCache.Entry(name, bytes)), 1)
                        .resolve(name));
            } catch (NativeCache.Unusable e) {
                reasons.add(e.getMessage());
            }
        }
        throw new DeviceException("the library of CUDA kernels could be put nowhere: " + String.join("; ", reasons));
    }

    /** What there is on this machine. */
    public static CudaDevices devices() {
        Optional<Path> file = file();
        if (file.isEmpty()) {
            return new CudaDevices(List.of(), absence());
        }
        try (BytePointer library = text(file.get());
                IntPointer count = new IntPointer(1);
                PointerPointer<BytePointer> absence = new PointerPointer<>(1)) {
            Status.check(chaku.chaku_cuda_count(library, count, absence));
            String reason = absence.get(BytePointer.class, 0).getString(StandardCharsets.UTF_8);
            List<CudaDevices.Found> found = new ArrayList<>();
            for (int number = 0; number < count.get(); number++) {
                found.add(describe(library, number));
            }
            return new CudaDevices(found, reason);
        }
    }

    private static CudaDevices.Found describe(BytePointer library, int number) {
        try (chaku_cuda_device device = new chaku_cuda_device()) {
            device.size(device.sizeof());
            Status.check(chaku.chaku_cuda_describe(library, number, device));
            return new CudaDevices.Found(
                    device.name().getString(StandardCharsets.UTF_8),
                    device.major(),
                    device.minor(),
                    device.n_multiprocessors(),
                    device.total_bytes(),
                    device.free_bytes(),
                    device.unusable().getString(StandardCharsets.UTF_8));
        }
    }

    /** As the core takes it; to be closed. */
    static BytePointer text(Path file) {
        return new BytePointer(file.toString(), StandardCharsets.UTF_8);
    }
}
