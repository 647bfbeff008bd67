package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.BadInputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DatasetTest {
  @TempDir Path folder;

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("data.jsonl"), text);
  }

  private String failure(String text) throws IOException {
    Path file = file(text);
    return assertThrows(BadInputException.class, () -> Dataset.read(file)).getMessage();
  }

  @Test
  void readsEveryFormatByTheKeysOfTheRecord() throws IOException {
    Path file =
        file(
            """
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
    assertEquals("do\n\nthis", ((Example.Chat) examples.get(4)).messages().get(0).get("content"));
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
    assertEquals(List.of(new Example.Text(zipped + ":1", "zipped")), Dataset.read(zipped).examples());
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
        "{\"text\": \"a\", \"text\": \"b\"}|:1: no JSON: Duplicate field 'text'",
        "{\"messages\": []}|:1: expected at least one message of the assistant, found roles: none",
        "{\"messages\": [{\"role\": \"boss\", \"content\": \"x\"}]}|messages[0]: expected a role of",
        "{\"messages\": [{\"role\": \"user\"}]}|messages[0]: expected a string as content, found null",
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
    assertTrue(data.skippedReasons().get(1).contains("data.jsonl:3:"), data.skippedReasons().toString());
  }

  @Test
  void refusesFilesWithoutExamplesAndBytesThatAreNoText() throws IOException {
    assertTrue(failure("\n\n").contains("expected at least one example, found none"));
    Path binary = folder.resolve("x.jsonl");
    Files.write(binary, new byte[] {'{', '"', (byte) 0xff, (byte) 0xfe, '"', '}'});
    String message = assertThrows(BadInputException.class, () -> Dataset.read(binary)).getMessage();
    assertTrue(message.contains("expected UTF-8"), message);
    Path missing = folder.resolve("none.jsonl");
    message = assertThrows(BadInputException.class, () -> Dataset.read(missing)).getMessage();
    assertTrue(message.endsWith("none.jsonl: expected a data file, found no such file"), message);
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
}
