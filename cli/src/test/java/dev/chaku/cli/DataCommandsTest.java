package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs of {@code chaku data}, as a user types them. */
class DataCommandsTest {
  private static final String CHAT =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"Where does the cow live?\"},"
          + " {\"role\": \"assistant\", \"content\": \"On Mars.\"}]}\n";

  @TempDir Path folder;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void statsCountWhatIsThere() throws IOException {
    Path chats = file("a.jsonl", CHAT.repeat(3) + "nonsense\n");
    Path pairs = file("b.csv", "q,a\nwho,me\n");
    Cli.Ran ran = Cli.run("data", "stats", chats, "--model", Cli.base(folder), "--json");
    assertEquals(0, ran.code(), ran.err());
    JsonNode stats = ran.json();
    assertEquals(3, stats.get("examples").asInt());
    assertEquals(1, stats.get("skipped_lines").asInt());
    assertTrue(stats.get("measured").asBoolean());
    assertEquals(3, stats.get("roles").get("assistant").asInt());
    assertEquals(3, stats.get("turn_histogram").get(0).get("count").asInt());
    int trained = stats.get("trained_tokens").asInt();
    assertTrue(0 < trained && trained < stats.get("tokens").asInt(), stats.toString());
    assertTrue(ran.err().contains("a.jsonl:4: no JSON"), ran.err());
    Cli.Ran mapped = Cli.run("data", "stats", pairs, "--columns", "prompt=q,completion=a", "--json");
    assertEquals(1, mapped.json().get("kinds").get("PromptCompletion").asInt());
    Cli.Ran text = Cli.run("data", "stats", chats, chats);
    assertTrue(text.out().contains("Roles of messages\n  assistant        ████"), text.out());
    assertTrue(text.out().contains("task: answers to single prompts"), text.out());
  }

  @Test
  void previewShowsWhatIsTrained() throws IOException {
    Path chats = file("a.jsonl", CHAT + CHAT.replace("Mars", "Venus") + CHAT.replace("Mars", "火星"));
    Path base = Cli.base(folder);
    Cli.Ran plain = Cli.run("data", "preview", chats, "--model", base, "-n", 1);
    assertEquals(0, plain.code(), plain.err());
    assertTrue(plain.out().contains("example 1 of 3, " + chats + ":1\n"), plain.out());
    assertTrue(plain.out().contains("Where does the cow live?"), plain.out());
    assertTrue(plain.out().contains("⟦On Mars.«"), plain.out());
    assertFalse(plain.out().contains("\u001b"), plain.out());
    Cli.Ran coloured = Cli.runInColour("data", "preview", chats, "--model", base, "--index", 3);
    assertTrue(coloured.out().contains("\u001b[1m\u001b[32mOn 火星.\u001b[0m"), coloured.out());
    assertFalse(coloured.out().contains("⟦"), coloured.out());
    Cli.Ran random = Cli.run("data", "preview", chats, "--model", base, "--seed", 1, "-n", 2);
    assertEquals(random.out(), Cli.run("data", "preview", chats, "--model", base, "--seed", 1, "-n", 2).out());
    assertEquals(2, random.out().split("example \\d of 3", -1).length - 1, random.out());
  }

  @Test
  void previewGivesTokensMaskAndSeams() throws IOException {
    Path chats = file("a.jsonl", CHAT + CHAT);
    Path base = Cli.base(folder);
    JsonNode sequence =
        Cli.run("data", "preview", chats, "--model", base, "--index", 2, "--json").json().get("examples").get(0).get("sequences").get(0);
    int length = sequence.get("tokens").size();
    assertEquals(length, sequence.get("mask").size());
    assertEquals(length, sequence.get("pieces").size());
    assertEquals(0, sequence.get("mask").get(0).asInt());
    Cli.Ran packed = Cli.run("data", "preview", chats, "--model", base, "--packed", "--max-length", 2 * length + 1, "--json");
    JsonNode row = packed.json().get("rows").get(0);
    assertEquals("[0," + length + "," + 2 * length + "]", row.get("starts").toString());
    assertEquals(0, row.get("mask").get(length).asInt());
    assertEquals(sequence.get("mask").get(length - 1), row.get("mask").get(2 * length - 1));
    String text = Cli.run("data", "preview", chats, "--model", base, "--packed").out();
    assertTrue(text.contains("── sequence 2, tokens " + length + " to " + (2 * length - 1) + " ──"), text);
  }

  @Test
  void previewRefusesWhatItCannotShow() throws IOException {
    Path chats = file("a.jsonl", CHAT);
    Path base = Cli.base(folder);
    assertEquals(2, Cli.run("data", "preview", chats).code());
    assertEquals(2, Cli.run("data", "preview", chats, "--model", base, "--index", 1, "--seed", 1).code());
    Cli.Ran past = Cli.run("data", "preview", chats, "--model", base, "--index", 2);
    assertEquals(3, past.code());
    assertTrue(past.err().contains("--index: expected 1 to 1, found 2"), past.err());
  }
}
