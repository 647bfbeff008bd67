package dev.chaku.internal.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaku.ChildJvm;
import dev.chaku.errors.DeviceException;
import dev.chaku.internal.core.binding.generated.chaku_engine_options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {
    @TempDir
    Path folder;

    /** Skips, visibly, where the build left the natives out. */
    @BeforeEach
    void assumeNative() {
        String name =
                "/dev/chaku/internal/core/binding/" + NativeLibrary.platform() + "/" + System.mapLibraryName("chaku");
        assumeTrue(NativeLibrary.class.getResource(name) != null, "the natives were not built");
    }

    /** Loads the library in a JVM of its own, and says from where. */
    static final class Load {
        public static void main(String[] args) {
            try {
                System.out.println("from " + NativeLibrary.load());
            } catch (DeviceException e) {
                System.out.println("refused: " + e.getMessage());
            }
            System.out.println("limits " + Pointer.maxBytes() + " " + Pointer.maxPhysicalBytes());
            System.out.println(System.getProperties().keySet().stream()
                    .filter(k -> k.toString().contains("javacpp"))
                    .toList());
            System.out.println(Thread.getAllStackTraces().keySet());
        }
    }

    private static String load(List<String> options, String... environment) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("env", "-u", "XDG_CACHE_HOME"));
        command.addAll(List.of(environment));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Load.class.getName()));
        return ChildJvm.ended(new ProcessBuilder(command)).output();
    }

    @Test
    void namesPlatformsAsClassifierJarsDo() {
        assertEquals("linux-x86_64", NativeLibrary.platform("Linux", "amd64"));
        assertEquals("linux-arm64", NativeLibrary.platform("Linux", "aarch64"));
        assertEquals("macosx-arm64", NativeLibrary.platform("Mac OS X", "aarch64"));
        assertEquals("windows-x86_64", NativeLibrary.platform("Windows 11", "amd64"));
        assertEquals("sunos-sparcv9", NativeLibrary.platform("SunOS", "sparcv9"));
    }

    @Test
    void loadsFromOneFolderAndKeepsJavaCppFromExtracting() {
        Path loaded = NativeLibrary.load();
        assertTrue(NativeLibrary.version() > 0);
        try (chaku_engine_options options = new chaku_engine_options()) {
            assertEquals(48, options.sizeof());
        }
        for (Map.Entry<String, String> library : Loader.getLoadedLibraries().entrySet()) {
            if (library.getKey().contains("chaku")) {
                assertEquals(
                        loaded.toAbsolutePath(), Path.of(library.getValue()).getParent(), library.getKey());
            }
        }
    }

    /** No limit, no thread that collects pointers, and no property that JavaCPP of others would see. */
    @Test
    void tellsJavaCppHowToBehaveAndNobodyElse() throws Exception {
        String said = load(List.of());
        assertTrue(said.contains("limits 0 0"), said);
        assertTrue(said.contains("[]"), said);
        assertFalse(said.contains("JavaCPP Deallocator"), said);
        said = load(List.of("-Dorg.bytedeco.javacpp.noPointerGC=false", "-Dorg.bytedeco.javacpp.maxBytes=1g"));
        assertTrue(said.contains("limits 1073741824 0"), said);
        assertTrue(said.contains("JavaCPP Deallocator"), said);
    }

    @Test
    void goesToACacheThatCanBeWritten() throws Exception {
        Path xdg = folder.resolve("xdg");
        Path file = Files.writeString(folder.resolve("file"), "no folder");
        List<String> homeless = List.of("-Duser.home=?", "-Djava.io.tmpdir=" + folder);
        assertTrue(load(homeless, "XDG_CACHE_HOME=" + xdg).contains("from " + xdg + "/chaku/natives/"));
        assertTrue(load(List.of("-Duser.home=" + folder)).contains("from " + folder + "/.cache/chaku/natives/"));
        assertTrue(load(homeless).contains("from " + folder + "/chaku-natives-"));
        assertTrue(load(homeless, "XDG_CACHE_HOME=" + file).contains("from " + folder + "/chaku-natives-"));
        String refused = load(List.of("-Duser.home=" + file, "-Djava.io.tmpdir=" + file), "XDG_CACHE_HOME=" + file);
        assertTrue(
                refused.contains("refused: the native library could be put nowhere: " + file + "/chaku/natives/")
                        && refused.contains("; " + file + "/.cache/chaku/natives/")
                        && refused.contains("-Dchaku.library.path or CHAKU_LIBRARY_PATH"),
                refused);
    }

    @Test
    void takesTheFolderThatIsNamed() throws Exception {
        Path installed = folder.resolve("installed");
        copy(NativeLibrary.load(), installed);
        List<String> nowhere = List.of("-Duser.home=/dev/null", "-Djava.io.tmpdir=/dev/null");
        assertTrue(load(nowhere, "CHAKU_LIBRARY_PATH=" + installed).contains("from " + installed));
        List<String> named = new ArrayList<>(nowhere);
        named.add("-Dchaku.library.path=" + installed);
        assertTrue(load(named, "CHAKU_LIBRARY_PATH=/nowhere").contains("from " + installed));
        Files.delete(installed.resolve("libjnichaku.so"));
        assertTrue(load(named).contains("names lacks libjnichaku.so: " + installed));
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }
}
