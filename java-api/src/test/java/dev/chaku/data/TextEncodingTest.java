package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextEncodingTest {
    private static final String LINES =
            "{\"prompt\": \"é 数 \uD83E\uDD99\", \"completion\": \"答え\"}\n{\"prompt\": \"b\", \"completion\": \"c\"}\n"
                    .repeat(2000);

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "UTF-8,false",
        "UTF-8,true",
        "UTF-16LE,false",
        "UTF-16LE,true",
        "UTF-16BE,false",
        "UTF-16BE,true",
        "UTF-32LE,false",
        "UTF-32LE,true",
        "UTF-32BE,false",
        "UTF-32BE,true"
    })
    void everyUnicodeEncodingIsReadWithAndWithoutMark(String name, boolean marked) throws IOException {
        Path plain = Files.writeString(folder.resolve("p.jsonl"), LINES);
        Path file = Files.write(
                folder.resolve("e.jsonl"), ((marked ? "\uFEFF" : "") + LINES).getBytes(Charset.forName(name)));
        List<Example> expected = Dataset.read(plain).examples();
        for (long inMemory : new long[] {Long.MAX_VALUE, 0}) {
            List<Example> read = Dataset.read(
                            List.of(file), Dataset.Options.defaults().withInMemoryBytes(inMemory))
                    .examples();
            assertEquals(4000, read.size());
            for (int i = 0; i < 4000; i += 97) {
                assertEquals(expected.get(i).promptKey(), read.get(i).promptKey());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"UTF-16LE", "UTF-16BE"})
    void tablesAndTextsAndSmallFilesToo(String name) throws IOException {
        Charset charset = Charset.forName(name);
        Path table = Files.write(folder.resolve("t.csv"), "prompt;completion\n数;b\n".getBytes(charset));
        assertEquals(
                new Example.PromptCompletion(table + ":2", "数", "b"),
                Dataset.read(table).examples().get(0));
        Path text =
                Files.write(folder.resolve("t.txt"), "あいうえお\nかきくけこ\n".repeat(9).getBytes(charset));
        assertEquals(
                "あいうえお\nかきくけこ\n".repeat(9),
                ((Example.Text) Dataset.read(text).examples().get(0)).text());
        Path small = Files.write(folder.resolve("s.jsonl"), "{\"text\": \"x\"}".getBytes(charset));
        assertEquals(1, Dataset.read(small).examples().size());
    }

    @Test
    void zerosInUtf8AreNoOtherEncoding() {
        assertEquals(
                StandardCharsets.UTF_8,
                TextEncoding.of("ab\u0000de\u0000gh\u0000jk\u0000".getBytes(StandardCharsets.UTF_8))
                        .charset());
        assertEquals(StandardCharsets.UTF_8, TextEncoding.of(new byte[0]).charset());
        assertEquals(StandardCharsets.UTF_8, TextEncoding.of(new byte[] {'{'}).charset());
    }

    @Test
    void otherBytesAreNamedWithTheirLine() throws IOException {
        byte[] latin = "prompt,completion\na,b\ncaf\u00e9,x\n".getBytes(StandardCharsets.ISO_8859_1);
        Path table = Files.write(folder.resolve("l.csv"), latin);
        String message =
                assertThrows(BadInputException.class, () -> Dataset.read(table)).getMessage();
        assertTrue(message.startsWith(table + ":3: expected UTF-8, found other bytes"), message);
        Path lines = Files.write(
                folder.resolve("l.jsonl"),
                "{\"text\": \"a\"}\n{\"text\": \"caf\u00e9\"}\n".getBytes(StandardCharsets.ISO_8859_1));
        Dataset data = Dataset.read(List.of(lines), Dataset.Options.defaults().withSkipBadLines(true));
        assertEquals(1, data.examples().size());
        assertTrue(
                data.skippedReasons().get(0).startsWith(lines + ":2: expected UTF-8"),
                data.skippedReasons().toString());
        Path half = Files.write(
                folder.resolve("h.jsonl"), new byte[] {'{', 0, '"', 0, 0, (byte) 0xd8, '"', 0, ':', 0, '1', 0, '}', 0});
        assertThrows(BadInputException.class, () -> Dataset.read(half));
    }
}
