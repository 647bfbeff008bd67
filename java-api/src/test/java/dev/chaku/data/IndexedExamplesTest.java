package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexedExamplesTest {
    private static final Dataset.Options ON_DISK = Dataset.Options.defaults().withInMemoryBytes(0);
    private static final String LINES = """
      {"prompt": "2+2=", "completion": "4"}

      {"text": "数 half", "note": "\\ud83e", "score": NaN}
      {"instruction": "do", "instances": [{"input": "a", "output": "A"}, {"input": "b", "output": "B"}]}
      {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo", "weight": 0.5}]}
      """;

    @TempDir
    private Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    /** Read again and again, in any order, each is what it is in memory. */
    private static void assertSame(Path... files) {
        List<Example> inMemory =
                Dataset.read(List.of(files), Dataset.Options.defaults()).examples();
        List<Example> onDisk = Dataset.read(List.of(files), ON_DISK).examples();
        assertEquals(IndexedExamples.class, onDisk.getClass());
        assertEquals(inMemory, onDisk);
        for (int i = inMemory.size() - 1; i >= 0; i--) {
            assertEquals(inMemory.get(i), onDisk.get(i));
        }
    }

    @Test
    void linesAreReadFromTheirFile() throws IOException {
        assertSame(file("a.jsonl", LINES), file("b.jsonl", "\uFEFF" + LINES.replace("\n", "\r\n")));
    }

    @Test
    void recordsWithoutAPlaceOfTheirOwnAreReadFromScratch() throws IOException {
        Path zipped = folder.resolve("z.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
            out.write(LINES.getBytes(StandardCharsets.UTF_8));
        }
        assertSame(
                zipped,
                file("array.json", "[" + LINES.strip().replaceAll("\n+", ",\n") + "]"),
                file("plain.jsonl", LINES),
                file("table.csv", "prompt,completion\n\"a\nb\",c\nd,e\n"),
                file("book.txt", ("word ".repeat(200) + "\n\n").repeat(40)),
                file("values.json", "{\n\"text\": \"x\"\n}\n{\n\"text\": \"y\"\n}\n"));
    }

    @Test
    void splitsAndMixturesAreThoseInMemory() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            lines.append("{\"prompt\": \"")
                    .append(i % 60)
                    .append("\", \"completion\": \"")
                    .append(i)
                    .append("\"}\n");
        }
        List<Path> files = List.of(file("a.jsonl", lines.toString()));
        Dataset inMemory = Dataset.read(files, Dataset.Options.defaults());
        Dataset onDisk = Dataset.read(files, ON_DISK);
        assertEquals(inMemory.split(0.2, 5), onDisk.split(0.2, 5));
        assertEquals(
                Dataset.mix(List.of(new Dataset.Part(inMemory, 1.5), new Dataset.Part(inMemory, 0.25)), 3)
                        .examples(),
                Dataset.mix(List.of(new Dataset.Part(onDisk, 1.5), new Dataset.Part(inMemory, 0.25)), 3)
                        .examples());
    }

    @Test
    void badLinesAreFoundWhenTheFileIsRead() throws IOException {
        Path file = file("bad.jsonl", LINES + "{\"prompt\": 3}\n{\"text\": \"x\"}\n");
        String message = assertThrows(BadInputException.class, () -> Dataset.read(List.of(file), ON_DISK))
                .getMessage();
        assertEquals(file + ":6: expected a string as 'prompt', found a number", message.split(";")[0]);
        Dataset data = Dataset.read(List.of(file), ON_DISK.withSkipBadLines(true));
        assertEquals(1, data.skippedLines());
        assertEquals(new Example.Text(file + ":7", "x"), data.examples().get(5));
    }

    @Test
    void aFileThatWasChangedIsNoticed() throws IOException {
        Path file = file("a.jsonl", LINES);
        List<Example> examples = Dataset.read(List.of(file), ON_DISK).examples();
        file("a.jsonl", LINES.replace("\"4\"", "\"5\""));
        String message =
                assertThrows(BadInputException.class, () -> examples.get(0)).getMessage();
        assertEquals(
                file
                        + ":1: expected the record that was there when the file was opened, found another; leave data files as they "
                        + "are while they are in use",
                message);
        file("a.jsonl", "");
        assertThrows(BadInputException.class, () -> examples.get(1));
    }

    @Test
    void manyThreadsMayRead() throws IOException {
        StringBuilder lines = new StringBuilder();
        IntStream.range(0, 2000).forEach(i -> lines.append("{\"text\": \"")
                .append("x".repeat(i % 97 + 1))
                .append(i)
                .append("\"}\n"));
        List<Example> examples = Dataset.read(List.of(file("a.jsonl", lines.toString())), ON_DISK)
                .examples();
        List<Example> expected = List.copyOf(examples);
        assertEquals(
                expected,
                IntStream.range(0, 2000).parallel().mapToObj(examples::get).toList());
    }
}
