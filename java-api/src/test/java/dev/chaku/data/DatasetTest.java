package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatasetTest {
    @TempDir
    Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("data.jsonl"), text);
    }

    private String failure(String text) throws IOException {
        Path file = file(text);
        return assertThrows(BadInputException.class, () -> Dataset.read(file)).getMessage();
    }

    @Test
    void readsEveryFormatByTheKeysOfTheRecord() throws IOException {
        Path file = file("""
            {"prompt": "2+2=", "completion": "4"}
            {"text": "plain"}

            {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo", "weight": 0.5}]}
            {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}
            {"instruction": "do", "input": "this", "output": "done"}
            """);
        List<Example> examples = Dataset.read(file).examples();
        assertEquals(new Example.PromptCompletion(file + ":1", "2+2=", "4"), examples.get(0));
        assertEquals(new Example.Text(file + ":2", "plain"), examples.get(1));
        Example.Chat chat = (Example.Chat) examples.get(2);
        assertEquals(file + ":4", chat.source());
        assertEquals(List.of(0f, 0.5f), chat.weights());
        assertEquals(
                List.of(Map.of("role", "user", "content", "a"), Map.of("role", "assistant", "content", "b")),
                ((Example.Chat) examples.get(3)).messages());
        assertEquals(
                "do\n\nthis", ((Example.Chat) examples.get(4)).messages().get(0).get("content"));
    }

    @Test
    void readsArraysAndGzipAndAByteOrderMark() throws IOException {
        Path array = folder.resolve("a.json");
        Files.writeString(array, "\uFEFF [\n {\"text\": \"one\"},\n {\"text\": \"two\"}\n]");
        assertEquals(
                List.of(new Example.Text(array + ":2", "one"), new Example.Text(array + ":3", "two")),
                Dataset.read(array).examples());
        Path zipped = folder.resolve("b.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
            out.write("{\"text\": \"zipped\"}\n".getBytes(StandardCharsets.UTF_8));
        }
        assertEquals(
                List.of(new Example.Text(zipped + ":1", "zipped")),
                Dataset.read(zipped).examples());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"prompt\": \"a\"}|:1: expected a string as 'completion', found none",
                "{\"prompt\": \"a\", \"completion\": 3}|:1: expected a string as 'completion', found a number",
                "[{\"text\": \"a\"}] {}|cannot be read: found more after the array, in line 1",
                "[{\"text\": \"a\"}|cannot be read",
                "[1]|:1: expected a JSON object, found a number",
                "{\"foo\": 1}|:1: expected a key of a known format",
                "\"text\"|:1: expected a JSON object, found a string",
                "{\"text\": \"a\"|:1: no JSON",
                "{\"text\": \"a\"} {}|:1: no JSON: found more after the value",
                "{\"text\": \"a\", \"text\": \"b\"}|:1: no JSON: the key 'text' stands there twice",
                "{\"messages\": []}|:1: expected at least one message of the assistant, found roles: none",
                "{\"messages\": [{\"role\": \"boss\", \"content\": \"x\"}]}|messages[0]: expected a role of",
                "{\"messages\": [{\"role\": \"user\"}]}|messages[0]: expected a string as content, found none",
                "{\"conversations\": {}}|expected an array as 'conversations', found an object",
            })
    void saysWhatIsWrongAndWhere(String line, String expected) throws IOException {
        String message = failure(line);
        assertTrue(message.contains(expected), message);
    }

    @Test
    void countsTheLineInTheFile() throws IOException {
        String message = failure("{\"text\": \"a\"}\n\n{\"text\": 1}\n");
        assertTrue(message.contains("data.jsonl:3: expected a string as 'text', found a number"), message);
    }

    @Test
    void leavesBadLinesOutAndCountsThemIfToldTo() throws IOException {
        Path file = file("{\"text\": \"a\"}\nnonsense\n{\"text\": 5}\n{\"text\": \"b\"}\n");
        Dataset data = Dataset.read(List.of(file), Dataset.Options.defaults().withSkipBadLines(true));
        assertEquals(2, data.examples().size());
        assertEquals(2, data.skippedLines());
        assertTrue(
                data.skippedReasons().get(1).contains("data.jsonl:3:"),
                data.skippedReasons().toString());
    }

    @Test
    void whenEveryLineIsWrongTheFirstReasonsAreTold() throws IOException {
        Dataset.Options skip = Dataset.Options.defaults().withSkipBadLines(true);
        Path file = file("{\"q\": \"a\"}\nnonsense\n3\n4\n");
        String message = assertThrows(BadInputException.class, () -> Dataset.read(List.of(file), skip))
                .getMessage();
        String told = message.replace(file.toString(), "F").replaceAll("; a column map[^;]*;", ";");
        assertEquals(
                "F: expected at least one example, found none; all 4 lines are wrong, the first: F:1: expected a key of a known format"
                        + " (messages, prompt, conversations, instruction or text), found [q]; F:2: no JSON: unexpected 'nonsense'"
                        + " (texts stand in double quotes), at column 1; F:3: expected a JSON object, found a number",
                told);
        assertThrows(BadInputException.class, () -> Dataset.read(List.of(file("3")), skip));
    }

    @Test
    void refusesFilesWithoutExamplesAndBytesThatAreNoText() throws IOException {
        assertTrue(failure("\n\n").endsWith("data.jsonl: expected at least one example, found none"));
        Path binary = folder.resolve("x.jsonl");
        Files.write(binary, new byte[] {'{', '"', (byte) 0xff, (byte) 0xfe, '"', '}'});
        String message = assertThrows(BadInputException.class, () -> Dataset.read(binary))
                .getMessage();
        assertTrue(message.contains("expected UTF-8"), message);
        Path missing = folder.resolve("none.jsonl");
        message = assertThrows(BadInputException.class, () -> Dataset.read(missing))
                .getMessage();
        assertTrue(message.endsWith("none.jsonl: expected a data file, found no such file"), message);
    }

    @Test
    void saysWhatAParquetFileTakes() throws IOException {
        Path file = Files.writeString(folder.resolve("a.parquet"), "PAR1....PAR1");
        String message =
                assertThrows(BadInputException.class, () -> Dataset.read(file)).getMessage();
        assertEquals(
                file + ": a Parquet file is read by the library chaku-parquet, expected on the class path, found none",
                message);
    }

    @Test
    void splitsWithoutLosingOrSharingAnExample() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            lines.append("{\"text\": \"").append(i).append("\"}\n");
        }
        Dataset data = Dataset.read(file(lines.toString()));
        Dataset.Split split = data.split(0.1, 5);
        assertEquals(4, split.eval().size());
        Set<Example> all = new HashSet<>(split.train());
        all.addAll(split.eval());
        assertEquals(new HashSet<>(data.examples()), all);
        assertEquals(split, data.split(0.1, 5));
    }

    @Test
    void aSplitKeepsThePromptsOfBothSidesApart() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            lines.append("{\"prompt\": \"")
                    .append(i % 20)
                    .append("\", \"completion\": \"")
                    .append(i)
                    .append("\"}\n");
        }
        Dataset.Split split = Dataset.read(file(lines.toString())).split(0.2, 3);
        assertEquals(12, split.eval().size());
        assertEquals(48, split.train().size());
        Set<String> asked = new HashSet<>();
        split.train().forEach(example -> asked.add(example.promptKey()));
        assertTrue(split.eval().stream().noneMatch(example -> asked.contains(example.promptKey())));
    }

    @Test
    void onePromptCannotBeSplit() throws IOException {
        Dataset data = Dataset.read(file("{\"prompt\": \"a\", \"completion\": \"b\"}\n".repeat(3)));
        assertTrue(assertThrows(BadInputException.class, () -> data.split(0.5, 1))
                .getMessage()
                .contains("found 0.5 of 3 examples with 1"));
    }

    @Test
    void aMixtureRepeatsAndSamplesByWeight() {
        List<Example> a = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            a.add(new Example.Text("a:" + i, "a" + i));
        }
        Dataset one = Dataset.of(a);
        Dataset two = Dataset.of(List.of(new Example.Text("b:1", "b")));
        List<Example> mixed = Dataset.mix(List.of(new Dataset.Part(one, 1.5), new Dataset.Part(two, 3)), 9)
                .examples();
        assertEquals(18, mixed.size());
        assertEquals(11, new HashSet<>(mixed).size());
        assertEquals(5, new HashSet<>(mixed.subList(10, 15)).size());
        assertEquals(
                mixed,
                Dataset.mix(List.of(new Dataset.Part(one, 1.5), new Dataset.Part(two, 3)), 9)
                        .examples());
        assertThrows(BadInputException.class, () -> Dataset.mix(List.of(new Dataset.Part(one, 0)), 9));
    }

    /** Whatever the bytes are, reading ends in examples or in an error that names the file. */
    @ParameterizedTest
    @CsvSource({"x.jsonl", "x.json", "x.csv", "x.tsv", "x.txt", "x.jsonl.gz"})
    void anyBytesAreReadOrRefused(String name) throws IOException {
        Random random = new Random(11);
        Path file = folder.resolve(name);
        byte[] seed =
                ("[{\"messages\": [{\"role\": \"user\", \"content\": \"\\u3042é\"}, {\"role\": \"assistant\", \"content\": [{\"text\": \"b\"}],"
                                + " \"weight\": 1e3}], \"tools\": \"[]\"}]\n\"a,b\",c\r\n\"1\",\"2\"\"\"\n{\n\"prompt\": 1}\n")
                        .getBytes(StandardCharsets.UTF_8);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = Arrays.copyOfRange(seed, random.nextInt(40), seed.length - random.nextInt(80));
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] =
                        (byte) "{}[]\",:\\\n\r\t 0eun\u00ff\u0080".charAt(random.nextInt(18));
            }
            Files.write(file, bytes);
            try {
                Dataset.read(file);
            } catch (BadInputException e) {
                assertTrue(e.getMessage().contains(name), e.getMessage());
            }
        }
    }

    @Test
    void depthOfJsonIsLimited() throws IOException {
        String message = failure("{\"text\": " + "[".repeat(100_000) + "]".repeat(100_000) + "}");
        assertTrue(message.contains("data.jsonl:1: no JSON"), message);
        assertTrue(message.length() < 500, message);
    }
}
