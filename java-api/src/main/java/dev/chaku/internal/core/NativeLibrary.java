package dev.chaku.internal.core;

import dev.chaku.errors.DeviceException;
import dev.chaku.internal.core.binding.ChakuPresets;
import dev.chaku.internal.core.binding.generated.chaku;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Loads the native core once per class loader. Every class that calls the generated binding calls {@link #load} first.
 *
 * <p>{@link NativeFiles} says where the library comes from, {@link NativeCache} where it is put. The JVM lets one class
 * loader at a time have a file, so that a second one gets a copy of its own.
 */
public final class NativeLibrary {
    /** Version of the native interface that the binding was generated from, as {@code chaku_version} says it. */
    private static final int VERSION = 100;

    /** More class loaders than that are not alive by intention: something keeps those that were dropped. */
    private static final int MAX_COPIES = 32;

    private NativeLibrary() {}

    /** Loading is the initialisation of this class: the JVM does it once, and other threads wait for it. */
    private static final class Loaded {
        static final Path FOLDER;
        static final @Nullable DeviceException FAILURE;

        static {
            Path folder = Path.of("");
            DeviceException failure = null;
            try {
                folder = loadAll();
            } catch (DeviceException e) {
                failure = e;
            }
            FOLDER = folder;
            FAILURE = failure;
        }

        private Loaded() {}
    }

    /**
     * Makes sure that the library is there.
     *
     * @return the folder from which it was loaded
     * @throws DeviceException if the platform has no library or it cannot be loaded; the same one at every call
     */
    public static Path load() {
        DeviceException failure = Loaded.FAILURE;
        if (failure != null) {
            throw new DeviceException(failure.getMessage(), failure);
        }
        return Loaded.FOLDER;
    }

    /** Version of the native interface, major * 10000 + minor * 100 + patch. */
    public static int version() {
        load();
        return chaku.chaku_version();
    }

    /** The platform as classifier jars are named, for instance {@code linux-x86_64}. */
    public static String platform() {
        return platform(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    }

    static String platform(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        String arch = osArch.toLowerCase(Locale.ROOT);
        String system;
        if (os.startsWith("linux")) {
            system = "linux";
        } else if (os.startsWith("mac")) {
            system = "macosx";
        } else if (os.startsWith("windows")) {
            system = "windows";
        } else {
            system = os.replaceAll("[^a-z0-9]", "");
        }
        return switch (arch) {
            case "amd64", "x86-64", "x86_64", "x64" -> system + "-x86_64";
            case "aarch64", "arm64" -> system + "-arm64";
            default -> system + "-" + arch;
        };
    }

    private static Path loadAll() {
        JavaCppSettings.apply();
        NativeFiles files = NativeFiles.find();
        Path folder = files.folder();
        if (folder == null || !loads(folder)) {
            folder = loadCopy(files.entries(), folder == null ? 1 : 2);
        }
        ChakuPresets.librariesAreIn(folder.toAbsolutePath().toString());
        requireVersion(folder);
        return folder;
    }

    /**
     * Tries every place that the user's caches may have, and in each the copies that class loaders before this one
     * left.
     */
    private static Path loadCopy(List<NativeCache.Entry> entries, int first) {
        List<String> reasons = new ArrayList<>();
        for (NativeCache cache : NativeCache.ofUser()) {
            try {
                for (int copy = first; copy <= MAX_COPIES; copy++) {
                    Path folder = cache.extract(entries, copy);
                    if (loads(folder)) {
                        return folder;
                    }
                }
                throw new DeviceException(MAX_COPIES
                        + " class loaders of this JVM have the native library already, and none was collected; close what"
                        + " they opened, or load Chaku once, by a class loader above them");
            } catch (NativeCache.Unusable e) {
                reasons.add(e.getMessage());
            }
        }
        throw new DeviceException(
                "the native library could be put nowhere: " + String.join("; ", reasons) + "; set XDG_CACHE_HOME or"
                        + " -Djava.io.tmpdir to a folder that can be written, or name one that holds the library with -D"
                        + NativeFiles.PATH_PROPERTY + " or " + NativeFiles.PATH_VARIABLE);
    }

    /**
     * Loads the library from a folder.
     *
     * @return false if another class loader has it from there
     */
    private static boolean loads(Path folder) {
        for (String name : NativeFiles.NAMES) {
            Path file = folder.resolve(System.mapLibraryName(name)).toAbsolutePath();
            try {
                System.load(file.toString());
            } catch (UnsatisfiedLinkError e) {
                String reason = String.valueOf(e.getMessage());
                if (reason.contains("already loaded in another classloader")) {
                    return false;
                }
                if (reason.contains("failed to map segment")) {
                    throw new NativeCache.Unusable(
                            folder + ": nothing may be executed from there (mounted with noexec?)", e);
                }
                throw new DeviceException(
                        "the native library " + file + " cannot be loaded on " + platform() + ": " + e.getMessage(), e);
            } catch (IllegalCallerException e) {
                throw accessDenied(e);
            }
        }
        return true;
    }

    /** Also initialises JavaCPP, which may be denied what this class was granted. */
    private static void requireVersion(Path folder) {
        int found;
        try {
            found = chaku.chaku_version();
        } catch (IllegalCallerException e) {
            throw accessDenied(e);
        } catch (LinkageError e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof IllegalCallerException denied) {
                    throw accessDenied(denied);
                }
            }
            throw new DeviceException("the native library in " + folder + " cannot be used: " + e, e);
        }
        if (found != VERSION) {
            throw new DeviceException(
                    "expected version " + VERSION + " of the native library, found " + found + " in " + folder
                            + " or loaded already; do not load two versions of Chaku into one JVM, and name no folder with another one");
        }
    }

    private static DeviceException accessDenied(IllegalCallerException e) {
        String modules = NativeLibrary.class.getModule().isNamed() ? "dev.chaku,org.bytedeco.javacpp" : "ALL-UNNAMED";
        return new DeviceException(
                "Java denies the use of native code; start it with --enable-native-access=" + modules + " ("
                        + e.getMessage() + ")",
                e);
    }
}
