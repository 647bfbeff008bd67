package dev.chaku.internal.core;

import dev.chaku.errors.DeviceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the native library comes from: a folder that the system property {@value #PATH_PROPERTY} or the environment
 * variable {@value #PATH_VARIABLE} names, or else the classifier jar of the platform, on the class path, on the module
 * path, or in a run-time image.
 */
final class NativeFiles {
    /** Names a folder that holds the platform's library; nothing is extracted then. */
    static final String PATH_PROPERTY = "chaku.library.path";

    /** The same for a whole environment; the system property goes before. */
    static final String PATH_VARIABLE = "CHAKU_LIBRARY_PATH";

    /** In the order in which they depend on each other. */
    static final List<String> NAMES = List.of("chaku", "jnichaku");

    /** Not the name of a package, so that the module that has it lets everyone read it. */
    private static final String RESOURCE_ROOT = "dev/chaku/internal/core/binding/";

    private final @Nullable Path folder;

    private NativeFiles(@Nullable Path folder) {
        this.folder = folder;
    }

    /**
     * Finds them.
     *
     * @throws DeviceException if a folder is named that lacks one
     */
    static NativeFiles find() {
        String variable = System.getenv(PATH_VARIABLE);
        String set = System.getProperty(PATH_PROPERTY, variable == null ? "" : variable);
        if (set.isEmpty()) {
            return new NativeFiles(null);
        }
        Path named = Path.of(set);
        for (String name : NAMES) {
            Path file = named.resolve(System.mapLibraryName(name));
            if (!Files.isRegularFile(file)) {
                throw new DeviceException("the folder that -D" + PATH_PROPERTY + " or " + PATH_VARIABLE
                        + " names lacks " + file.getFileName() + ": " + named);
            }
        }
        return new NativeFiles(named);
    }

    /** The folder that was named; null if none was. */
    @Nullable
    Path folder() {
        return folder;
    }

    /**
     * Their content.
     *
     * @throws DeviceException if there is none for this platform
     */
    List<NativeCache.Entry> entries() {
        String platform = NativeLibrary.platform();
        List<NativeCache.Entry> entries = new ArrayList<>();
        for (String name : NAMES) {
            String file = System.mapLibraryName(name);
            try (InputStream in =
                    folder == null ? resource(platform + "/" + file) : Files.newInputStream(folder.resolve(file))) {
                if (in == null) {
                    throw new DeviceException("no native library for the platform " + platform + ": " + file
                            + " is neither on the class path nor on the"
                            + " module path; add the jar dev.chaku:chaku with the classifier " + platform
                            + ", or name a folder with"
                            + " -D" + PATH_PROPERTY);
                }
                entries.add(new NativeCache.Entry(file, in.readAllBytes()));
            } catch (IOException e) {
                throw new DeviceException("the native library " + file + " cannot be read: " + e.getMessage(), e);
            }
        }
        return entries;
    }

    /** Through the class loader, for as a module this class would find what is in its own module alone. */
    static @Nullable InputStream resource(String name) {
        return NativeFiles.class.getClassLoader().getResourceAsStream(RESOURCE_ROOT + name);
    }
}
