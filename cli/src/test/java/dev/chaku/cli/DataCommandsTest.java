package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
}
