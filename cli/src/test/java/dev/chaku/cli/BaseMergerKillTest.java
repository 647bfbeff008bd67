package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.Adapter;
import dev.chaku.BaseMerger;
import dev.chaku.gguf.GgufFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is left of a merge that ends in its middle: killed at a random moment, three times or as often as
 * {@code -Dchaku.merge.kills=200} says, and out of disk space.
 */
class BaseMergerKillTest {
    private static final int KILLS = Integer.getInteger("chaku.merge.kills", 3);
    private static final int LONGEST_DELAY_MS = 60;

    @TempDir
    Path folder;

    private Path base;
    private Path adapter;
    private Path out;

    @BeforeEach
    void inputs() throws IOException {
        base = Cli.base(folder);
        adapter = RandomAdapter.write(base, folder.resolve("a.gguf"), 3, 1);
        out = folder.resolve("merged.gguf");
    }

    /** What is killed: it merges with one scale and with another for ever, and says when it begins. */
    static final class Merging {
        private Merging() {}

        public static void main(String[] arguments) {
            try (Adapter adapter = Adapter.load(Path.of(arguments[1]))) {
                for (int i = 0; ; i++) {
                    System.out.println("merging");
                    merge(Path.of(arguments[0]), adapter, 1 + i % 2, Path.of(arguments[2]));
                }
            }
        }
    }

    private static void merge(Path base, Adapter adapter, double scale, Path out) {
        BaseMerger.into(base).add(adapter, scale).overwrite(true).write(out);
    }

    private List<ByteBuffer> tensors(Path file) {
        GgufFile read = GgufFile.read(file);
        List<ByteBuffer> tensors = new ArrayList<>();
        read.tensors().forEach(tensor -> tensors.add(read.readTensor(tensor)));
        return tensors;
    }

    private List<ByteBuffer> merged(double scale) {
        try (Adapter loaded = Adapter.load(adapter)) {
            Path file = folder.resolve("expected.gguf");
            merge(base, loaded, scale, file);
            return tensors(file);
        }
    }

    /** Kills a merging process after some merges and a while. */
    private void kill(Random random) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Merging.class.getName(),
                        base.toString(),
                        adapter.toString(),
                        out.toString())
                .redirectError(folder.resolve("err").toFile())
                .start();
        BufferedReader said = process.inputReader();
        for (int merges = random.nextInt(4); merges >= 0; merges--) {
            assertEquals("merging", said.readLine(), () -> text(folder.resolve("err")));
        }
        Thread.sleep(random.nextInt(LONGEST_DELAY_MS));
        process.destroyForcibly();
        assertTrue(process.waitFor(1, TimeUnit.MINUTES));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void aKilledMergeLeavesTheOldFileWhole() throws IOException, InterruptedException {
        List<List<ByteBuffer>> whole = List.of(merged(1), merged(2));
        assertFalse(whole.get(0).equals(whole.get(1)));
        Random random = new Random(14);
        for (int i = 0; i < KILLS; i++) {
            if (i % 4 == 0) {
                Files.deleteIfExists(out);
            }
            boolean there = Files.exists(out);
            kill(random);
            assertTrue(Files.exists(out) || !there, "kill " + i + ": the old file is gone");
            assertTrue(!Files.exists(out) || whole.contains(tensors(out)), "kill " + i + ": half a file");
        }
        Cli.Ran after = Cli.run("adapter", "merge", adapter, "--into", base, "--out", out, "--overwrite");
        assertEquals(0, after.code(), after.err());
        assertEquals(whole.get(0), tensors(out));
    }

    /** A limit on the size of files, which ends writing where a full disk would. */
    @Test
    void aDiskThatDoesNotSufficeIsSaidAndLeavesTheOldFile() throws IOException, InterruptedException {
        List<ByteBuffer> before = merged(1);
        Files.move(folder.resolve("expected.gguf"), out);
        long limit = Files.size(out) / 2 / 1024;
        List<String> line = new ArrayList<>(List.of("bash", "-c", "ulimit -f " + limit + " && exec \"$@\"", "chaku"));
        line.addAll(RealChaku.builder(
                        folder,
                        Map.of(),
                        "adapter",
                        "merge",
                        adapter + "=2",
                        "--into",
                        base,
                        "--out",
                        out,
                        "--overwrite")
                .command());
        ProcessBuilder builder = RealChaku.builder(folder, Map.of()).command(line);
        Process process = builder.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(1, TimeUnit.MINUTES));
        assertEquals(ExitCode.NO_RESOURCES.code(), process.exitValue(), said);
        assertTrue(said.contains(out + ": cannot be written: ") && said.contains("File too large"), said);
        assertEquals(before, tensors(out));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    List.of("a.gguf", "base.gguf", "merged.gguf"),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }
}
