package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher script: in a checkout of its own with a build that only counts its runs, and with a Java that only says
 * how it was called; then with this build's classes.
 */
class LauncherTest {
    private static final Path SCRIPT = Path.of("..", "chaku").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    private Path checkout;
    private Path java;

    @BeforeEach
    void layOut() throws IOException {
        checkout = Files.createDirectories(folder.resolve("a checkout"));
        executable(checkout.resolve("chaku"), Files.readString(SCRIPT));
        for (String room : List.of(
                "cmake",
                "native/include",
                "native/src",
                "java-api/src/main",
                "java-api/src/presets",
                "integrations/parquet/src/main",
                "cli/src/main")) {
            Files.createDirectories(checkout.resolve(room));
        }
        for (String file : List.of("pom.xml", "cli/pom.xml", "integrations/parquet/pom.xml", "native/CMakeLists.txt")) {
            Files.writeString(checkout.resolve(file), "");
        }
        builds("sleep 1");
        java = folder.resolve("jdk");
        Files.createDirectories(java.resolve("bin"));
        Files.writeString(java.resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
        executable(java.resolve("bin/javac"), "#!/bin/sh\n");
        executable(
                java.resolve("bin/java"),
                "#!/bin/sh\necho \"LC_ALL=${LC_ALL:-} LANG=${LANG:-}\"\nfor a; do echo \"<$a>\"; done\n");
    }

    private void builds(String work) throws IOException {
        executable(
                checkout.resolve("mvnw"),
                "#!/bin/sh\necho x >>\"$(dirname \"$0\")/builds\"\necho '[3/9] Building CXX object'\n" + work
                        + "\necho done >>\"$(dirname \"$0\")/builds-done\"\n");
    }

    private static void executable(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private record Ran(int code, String out, String err) {}

    private Process start(Map<String, String> environment, Path out, Path err, String... arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(checkout.resolve("chaku").toString()));
        line.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(line).redirectInput(new File("/dev/null"));
        builder.redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("LC_") || name.startsWith("CHAKU") || name.equals("LANG"));
        builder.environment().put("JAVA_HOME", java.toString());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private Ran run(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        Process process = start(environment, out, err, arguments);
        assertTrue(process.waitFor(2, TimeUnit.MINUTES), "the launcher hangs");
        return new Ran(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private long builds() throws IOException {
        return Files.exists(checkout.resolve("builds"))
                ? Files.readAllLines(checkout.resolve("builds")).size()
                : 0;
    }

    @Test
    void buildsOnceAndAgainAfterAChange() throws Exception {
        Ran first = run(Map.of(), "doctor", "two words");
        assertEquals(0, first.code(), first.err());
        assertTrue(first.err().contains("chaku: building"), first.err());
        assertTrue(first.out().endsWith("<dev.chaku.cli.Main>\n<doctor>\n<two words>\n"), first.out());
        assertEquals("", run(Map.of(), "doctor").err());
        assertEquals(1, builds());
        Path source = checkout.resolve("integrations/parquet/src/main/New.java");
        Files.writeString(source, "");
        Files.setLastModifiedTime(source, FileTime.fromMillis(System.currentTimeMillis() + 5_000));
        run(Map.of(), "doctor");
        assertEquals(2, builds());
    }

    @Test
    void theSecondOfTwoFirstRunsWaitsForTheBuildOfTheFirst() throws Exception {
        builds("sleep 3");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            processes.add(start(Map.of(), folder.resolve("out" + i), folder.resolve("err" + i), "doctor"));
        }
        int waited = 0;
        for (int i = 0; i < 3; i++) {
            assertTrue(processes.get(i).waitFor(2, TimeUnit.MINUTES));
            String err = Files.readString(folder.resolve("err" + i));
            assertEquals(0, processes.get(i).exitValue(), err);
            assertTrue(Files.readString(folder.resolve("out" + i)).endsWith("<doctor>\n"));
            waited += err.contains("waiting for it") ? 1 : 0;
        }
        assertEquals(1, builds());
        assertEquals(2, waited);
    }

    @Test
    void anInterruptedBuildEndsWithAllThatItStarted() throws Exception {
        builds("sleep 60");
        Process process = start(Map.of(), folder.resolve("out"), folder.resolve("err"), "doctor");
        for (int i = 0; i < 600 && builds() == 0; i++) {
            Thread.sleep(20);
        }
        assertEquals(1, builds());
        process.destroy(); // SIGTERM: to a shell started here, SIGINT would be ignored
        assertTrue(process.waitFor(30, TimeUnit.SECONDS), "the launcher waits for a build that was stopped");
        assertEquals(143, process.exitValue());
        String err = Files.readString(folder.resolve("err"));
        assertEquals(1, err.lines().filter(line -> line.contains("was stopped")).count(), err);
        assertFalse(Files.exists(checkout.resolve("builds-done")));
        // A process that was sent a signal is there until it is scheduled once more.
        for (int i = 0; i < 500 && isBuilding(); i++) {
            Thread.sleep(20);
        }
        assertFalse(isBuilding());
    }

    private boolean isBuilding() {
        return ProcessHandle.allProcesses().anyMatch(p -> p.info()
                .arguments()
                .map(a -> String.join(" ", a).contains(checkout + "/mvnw"))
                .orElse(false));
    }

    @Test
    void aFailedBuildNamesItsLog() throws Exception {
        builds("echo '[ERROR] no such symbol'; exit 1");
        Ran ran = run(Map.of(), "doctor");
        assertEquals(70, ran.code());
        assertTrue(ran.err().contains("[ERROR] no such symbol"), ran.err());
        assertTrue(ran.err().contains("cli/target/build.log"), ran.err());
    }

    @Test
    void aWrongJavaHomeIsNamed() throws Exception {
        Ran ran = run(Map.of("JAVA_HOME", "/no/such/jdk"), "doctor");
        assertEquals(2, ran.code());
        assertTrue(ran.err().contains("JAVA_HOME=/no/such/jdk holds no Java"), ran.err());
        assertEquals(0, builds());
        Files.writeString(java.resolve("release"), "JAVA_VERSION=\"11.0.2\"\n");
        Ran old = run(Map.of(), "doctor");
        assertEquals(2, old.code());
        assertTrue(old.err().contains("Java 11 found at"), old.err());
    }

    @Test
    void everyLocaleBecomesUtf8() throws Exception {
        run(Map.of(), "doctor");
        for (Map<String, String> locale : List.<Map<String, String>>of(
                Map.of(), Map.of("LC_ALL", "C"), Map.of("LANG", "POSIX"), Map.of("LC_ALL", "no_SUCH.locale"))) {
            String said = run(locale, "doctor").out().lines().findFirst().orElseThrow();
            assertTrue(said.toLowerCase().replace("-", "").contains("utf8"), locale + ": " + said);
        }
        String own = run(Map.of("LC_ALL", "C.UTF-8"), "doctor")
                .out()
                .lines()
                .findFirst()
                .orElseThrow();
        assertEquals("LC_ALL=C.UTF-8 LANG=", own);
    }

    @Test
    void setupExplainsItselfAndRefusesOtherWords() throws Exception {
        Ran help = run(Map.of(), "setup", "--help");
        assertEquals(0, help.code());
        assertTrue(help.out().contains("Examples:"), help.out());
        Ran wrong = run(Map.of(), "setup", "everything");
        assertEquals(2, wrong.code());
        assertTrue(wrong.err().contains("'everything'"), wrong.err());
        assertEquals(0, builds());
    }

    @Test
    void theRealProgramReadsWordsAndNamesOfAnyLanguageInEveryLocale() throws Exception {
        Path base = Cli.base(folder);
        Path named = Files.move(base, folder.resolve("着物.gguf"));
        Map<String, String> real = Map.of(
                "JAVA_HOME",
                System.getProperty("java.home"),
                "CHAKU_CLASS_PATH",
                System.getProperty("java.class.path"));
        String text = "籠はどこ？ né";
        for (String locale : List.of("C", "POSIX", "C.UTF-8")) {
            var environment = new HashMap<>(real);
            environment.put("LC_ALL", locale);
            Ran ran = run(environment, "tokenize", "--model", named.toString(), "--text", text, "--json");
            assertEquals(0, ran.code(), ran.err());
            assertEquals(
                    Cli.run("tokenize", "--model", named, "--text", text, "--json")
                            .out(),
                    ran.out(),
                    locale);
        }
        assertEquals(0, builds());
    }

    @Test
    void withoutTheLauncherLostLettersAreAnErrorAndNoOtherText() throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.chaku.cli.Main",
                "tokenize",
                "--model",
                Cli.base(folder).toString(),
                "--text",
                "籠");
        builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
        builder.environment().put("LC_ALL", "C");
        builder.redirectErrorStream(true);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(2, process.waitFor(), said);
        assertTrue(said.contains("LC_ALL=C.UTF-8"), said);
        assertEquals(1, said.lines().count(), said);
    }

    @Test
    void commandsThatItPrintsStartAsItWasStarted() throws Exception {
        Map<String, String> real = Map.of(
                "JAVA_HOME",
                System.getProperty("java.home"),
                "CHAKU_CLASS_PATH",
                System.getProperty("java.class.path"));
        Ran ran = run(real, "generate", "--help");
        assertTrue(ran.out().contains("  '" + checkout.resolve("chaku") + "' generate --model base.gguf"), ran.out());
        assertTrue(ran.out().startsWith("Usage: '" + checkout.resolve("chaku") + "' generate"), ran.out());
    }
}
