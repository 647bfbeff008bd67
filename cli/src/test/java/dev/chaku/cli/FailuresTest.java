package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes wrong outside of the command line: one line, and the exit code for it. */
class FailuresTest {
    @TempDir
    Path folder;

    private static void assertOneLine(Cli.Ran ran, int code, String expected) {
        assertEquals(code, ran.code(), ran.err());
        assertTrue(ran.err().contains(expected), ran.err());
        assertFalse(
                ran.err().contains("\tat ")
                        || UsageFaultTest.FOREIGN.matcher(ran.err()).find(),
                ran.err());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data stats BIG",
                "data convert BIG --to text --allow-loss --out OUT",
                "train --model BASE --data BIG --out OUT --max-length 64",
            })
    void aHeapThatIsTooSmallIsTold(String line) throws IOException, InterruptedException {
        Path big = folder.resolve("big.jsonl");
        Files.writeString(big, "{\"prompt\": \"a\", \"completion\": \"" + "x y ".repeat(1_300_000) + "\"}\n");
        Path base = Cli.base(folder);
        Object[] words = Stream.of(line.split(" "))
                .map(word -> switch (word) {
                    case "BIG" -> big;
                    case "BASE" -> base;
                    case "OUT" -> folder.resolve("out");
                    default -> word;
                })
                .toArray();
        RealChaku.Ran ran = RealChaku.run(folder, Map.of("CHAKU_JAVA_OPTIONS", "-Xmx32m"), words);
        assertEquals(4, ran.code(), ran.err());
        assertEquals("", ran.out());
        assertEquals(
                1,
                ran.err()
                        .lines()
                        .filter(l -> l.startsWith("chaku: not enough Java memory: it may take"))
                        .count(),
                ran.err());
        assertTrue(ran.err().contains("CHAKU_JAVA_OPTIONS=-Xmx1g") && !ran.err().contains("\tat "), ran.err());
    }

    @Test
    void memoryThatLacksOnAnotherThreadIsFoundAmongTheCauses() {
        Throwable wrapped = new IllegalStateException(new ExecutionException(new OutOfMemoryError("Java heap space")));
        assertTrue(Failures.exhaustion(wrapped).isPresent());
        assertTrue(Failures.exhaustion(new UncheckedIOException(new NoSuchFileException("x")))
                .isEmpty());
        assertTrue(Failures.words(new OutOfMemoryError("unable to create native thread: possibly out of memory"))
                .contains("ulimit -u"));
        assertTrue(Failures.words(new StackOverflowError()).contains("-Xss16m"));
    }

    @Test
    void aDemoInAFolderThatIsTakenOrCannotBeMadeIsNoFaultOfOurs() throws IOException {
        Path taken = Files.createDirectory(folder.resolve("taken"));
        Files.writeString(taken.resolve("base.gguf"), "mine");
        assertOneLine(Cli.run("demo", "--out", taken), 3, "holds files already");
        assertEquals("mine", Files.readString(taken.resolve("base.gguf")));
        Path file = Files.writeString(folder.resolve("file"), "mine");
        assertOneLine(Cli.run("demo", "--out", file), 3, "expected a folder for the output");
        assertOneLine(Cli.run("demo", "--out", file.resolve("inside")), 3, "expected a folder to make it in");
        assumeTrue(Files.isDirectory(Path.of("/proc/self")), "this system has no /proc");
        assertOneLine(Cli.run("demo", "--out", "/proc/demo"), 3, "/proc/demo");
    }

    @Test
    void aFullDiskIsTold() throws IOException, InterruptedException {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk.toString()) == 0,
                "a small disk is mounted by the superuser alone");
        try {
            Path base = Cli.base(folder);
            Path data = Files.writeString(
                    folder.resolve("d.jsonl"), "{\"prompt\":\"a\",\"completion\":\"b\"}\n".repeat(20_000));
            String prompt = "x".repeat(400);
            assertOneLine(Cli.run("demo", "--out", disk.resolve("demo")), 4, "the disk is full");
            assertOneLine(
                    Cli.run(
                            "generate",
                            "--model",
                            base,
                            "--prompt",
                            prompt,
                            "--max-tokens",
                            0,
                            "--logits",
                            disk.resolve("l")),
                    4,
                    "the disk is full");
            assertOneLine(
                    Cli.run("model", "quantize", base, disk.resolve("q.gguf"), "--type", "f32", "--allow-requantize"),
                    4,
                    "bytes, but its disk has");
            assertOneLine(
                    Cli.run("data", "convert", data, "--to", "chat", "--out", disk.resolve("c.jsonl")),
                    4,
                    "the disk is full");
            assertOneLine(Cli.run("data", "split", data, "--test", 1, "--out", disk.resolve("parts")), 3, "too few");
            try (Stream<Path> left = Files.list(disk)) {
                List<String> names = left.map(file -> file.getFileName().toString())
                        .filter(name -> !name.equals("demo"))
                        .toList();
                assertEquals(List.of(), names, "nothing half written is left");
            }
        } finally {
            run("umount", disk.toString());
        }
    }

    private static int run(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assertTrue(process.waitFor(1, TimeUnit.MINUTES), command[0] + " hangs");
            return process.exitValue();
        } catch (IOException e) {
            return -1;
        }
    }
}
