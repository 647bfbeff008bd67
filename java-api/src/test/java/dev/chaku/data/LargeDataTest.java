package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Data larger than the heap: 100,000 examples, which with their tokens take some 80 MB in memory, in 28 MB. */
@Timeout(180)
class LargeDataTest {
    private static final int EXAMPLES = 100_000;

    @TempDir
    private Path folder;

    private record Ran(int code, String out) {}

    private Ran run(String heap, Object... args) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                System.getProperty("java.class.path"),
                LargeData.class.getName()));
        Arrays.stream(args).map(String::valueOf).forEach(line::add);
        Path log = folder.resolve("out.txt");
        Process process = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        int code = process.waitFor();
        return new Ran(code, Files.readString(log));
    }

    private Path file() throws IOException {
        Path file = folder.resolve("large.jsonl");
        try (BufferedWriter writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
            for (int i = 0; i < EXAMPLES; i++) {
                writer.write("{\"prompt\": \"the fox " + i + "\", \"completion\": \"" + "quick brown ".repeat(1 + i % 4)
                        + i + "\"}\n");
            }
        }
        return file;
    }

    @Test
    void rowsFromDiskAreThoseFromMemoryInAFractionOfTheHeap() throws Exception {
        Path file = file();
        Ran small = run("28m", file, "default", 1 << 20, folder);
        assertEquals(0, small.code(), small.out());
        assertTrue(small.out().contains(" of "), small.out());
        Ran large = run("1g", file, Long.MAX_VALUE, Long.MAX_VALUE, folder);
        assertEquals(large, small);
        assertNotEquals(
                0, run("28m", file, Long.MAX_VALUE, Long.MAX_VALUE, folder).code(), "in memory it takes more");
    }
}
