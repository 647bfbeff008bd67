package dev.chaku.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chaku as a module, with the JDK that builds it. */
class ModulePathTest {
    private static final String MODULE = "dev.chaku.example";
    private static final String MAIN = MODULE + "/dev.chaku.example.Program";
    private static final String MODULES = System.getProperty("chaku.modules");
    private static final String MODULE_PATH = System.getProperty("chaku.program") + File.pathSeparator + MODULES;
    private static final String NATIVES = System.getProperty("chaku.natives");
    private static final String ACCESS = "--enable-native-access=dev.chaku,org.bytedeco.javacpp";

    @TempDir
    Path folder;

    private static Path jdk() {
        return Path.of(System.getProperty("java.home"));
    }

    private static List<String> command(Path java, String... arguments) {
        List<String> command = new ArrayList<>(List.of(java.toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    private String run(int exitCode, List<String> command) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(command);
        if (command.contains(MAIN)) {
            all.addAll(List.of(System.getProperty("chaku.base"), folder.toString()));
        }
        ProcessBuilder builder = new ProcessBuilder(all).redirectErrorStream(true);
        builder.environment().put("XDG_CACHE_HOME", folder.resolve("cache").toString());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(exitCode, process.waitFor(), output);
        return output;
    }

    @Test
    void worksWithTheNativesJarBesideIt() throws Exception {
        String said = run(0, command(jdk().resolve("bin/java"), "--module-path", MODULE_PATH, "-m", MAIN));
        assertTrue(said.contains("generated 4 tokens as a module"), said);
    }

    @Test
    void worksWithTheTwoModulesThatNeedItEnabled() throws Exception {
        assumeTrue(Runtime.version().feature() >= 24, "this Java denies native code to nobody");
        Path java = jdk().resolve("bin/java");
        String deny = "--illegal-native-access=deny";
        String said = run(0, command(java, deny, ACCESS, "--module-path", MODULE_PATH, "-m", MAIN));
        assertTrue(said.contains("generated 4 tokens as a module") && !said.contains("WARNING"), said);
        for (String some : List.of("--enable-native-access=dev.chaku", "--enable-native-access=org.bytedeco.javacpp")) {
            said = run(1, command(java, deny, some, "--module-path", MODULE_PATH, "-m", MAIN));
            assertTrue(
                    said.contains("DeviceException: Java denies the use of native code") && said.contains(ACCESS),
                    said);
        }
        String classPath = System.getProperty("chaku.program") + File.pathSeparator + MODULES + "/*";
        said = run(
                1,
                command(
                        java,
                        deny,
                        "-cp",
                        classPath,
                        Program.class.getName(),
                        System.getProperty("chaku.base"),
                        folder.toString()));
        assertTrue(said.contains("start it with --enable-native-access=ALL-UNNAMED"), said);
    }

    @Test
    void worksAsARunTimeImage() throws Exception {
        Path jlink = jdk().resolve("bin/jlink");
        assumeTrue(Files.exists(jlink), "this JDK has no jlink");
        Path image = folder.resolve("image");
        run(
                0,
                command(
                        jlink,
                        "--module-path",
                        MODULE_PATH,
                        "--add-modules",
                        MODULE + "," + NATIVES,
                        "--output",
                        image.toString()));
        String said = run(0, command(image.resolve("bin/java"), "-m", MAIN));
        assertTrue(said.contains("generated 4 tokens as a module"), said);
    }

    @Test
    void saysWhatIsMissingWithoutNatives() throws Exception {
        String said = run(
                1,
                command(
                        jdk().resolve("bin/java"),
                        "--module-path",
                        MODULE_PATH,
                        "--limit-modules",
                        MODULE,
                        "-m",
                        MAIN));
        assertTrue(said.contains("DeviceException: no native library for the platform"), said);
        assertTrue(said.contains("nor on the module path; add the jar dev.chaku:chaku with the classifier"), said);
    }
}
