package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.data.Dataset;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The doctor in a heap that has no room for the data: 40,000 conversations, whose sketches alone take 20 MB, in 20 MB.
 */
@Timeout(180)
class LargeCheckTest {
    private static final int EXAMPLES = 40_000;

    @TempDir
    private Path folder;

    /** What the JVM of its own does: checks the file, and tells how many copies were found, and near copies. */
    public static final class Check {
        private Check() {}

        public static void main(String[] args) {
            Dataset data = Dataset.read(Path.of(args[0]));
            Dataset test = Dataset.read(Path.of(args[1]));
            DataReport report = DataDoctor.check(new DataDoctor.Request(data, test, null, null, 1024));
            StringBuilder told = new StringBuilder();
            for (Finding finding : report.findings()) {
                if (finding.id().contains("duplicate") || finding.id().contains("leak")) {
                    told.append(finding.id())
                            .append(' ')
                            .append(finding.count())
                            .append(' ')
                            .append(finding.places().get(0).detail())
                            .append('\n');
                }
            }
            new PrintStream(System.out, true, StandardCharsets.UTF_8).print(told);
        }
    }

    @Test
    void copiesAreFoundInABoundedHeap() throws Exception {
        Path file = file();
        List<String> lines = Files.readAllLines(file).subList(0, 1000);
        String near = lines.get(500).replaceFirst("content\": \"\\w+", "content\": \"x");
        Path test = Files.write(
                folder.resolve("test.jsonl"), List.of(lines.get(700), near, lines.get(998), "{\"text\": \"new\"}"));
        Path log = folder.resolve("out.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx20m",
                        "-XX:+UseSerialGC",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Check.class.getName(),
                        file.toString(),
                        test.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        int code = process.waitFor();
        assertEquals(
                List.of(
                        "duplicate 40 as large.jsonl:1",
                        "near-duplicate 40 much as large.jsonl:3",
                        "near-test-leak 1 much as large.jsonl:501",
                        "test-leak 2 asked in large.jsonl:701"),
                Files.readAllLines(log).stream().sorted().toList());
        assertEquals(0, code);
    }

    /** Random words, and every 1000 lines a copy of the first example and one that differs from the third in a word. */
    private Path file() throws IOException {
        Path file = folder.resolve("large.jsonl");
        Random random = new Random(3);
        try (BufferedWriter writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
            for (int i = 0; i < EXAMPLES; i++) {
                Random words = i % 1000 == 999
                        ? new Random(0)
                        : i % 1000 == 998 ? new Random(2) : i < 3 ? new Random(i) : random;
                String last = i % 1000 == 998 ? "other" + i : "";
                writer.write("{\"messages\": [{\"role\": \"user\", \"content\": \"" + words(words, 10)
                        + "\"}, {\"role\": \"assistant\", \"content\": \"" + words(words, 30) + last + "\"}]}\n");
            }
        }
        return file;
    }

    private static String words(Random random, int n) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < n; i++) {
            text.append(Integer.toString(random.nextInt(1_000_000), 36)).append(' ');
        }
        return text.toString();
    }
}
