package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What verbs say and do where the text that is trained is not quite the text of the data. */
class TrainedTextTest {
  private static final String CHAT =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"Where does the cow live?\"},"
          + " {\"role\": \"assistant\", \"content\": \"On Mars.\"}]}\n";

  @TempDir Path folder;

  private Path data(String text) throws IOException {
    return Files.writeString(folder.resolve("d.jsonl"), text);
  }

  private static JsonNode finding(Cli.Ran checked, String id) throws IOException {
    for (JsonNode finding : checked.json().get("findings")) {
      if (finding.get("id").asText().equals(id)) {
        return finding;
      }
    }
    throw new AssertionError("no " + id + " in " + checked.out());
  }

  /** ChatML's tags are no tokens of the demo's base: an adapter trained with them must stop all the same. */
  @Test
  void anAnswerEndsThoughTheTemplatesEndIsNoToken() throws IOException {
    Path base = Cli.base(folder);
    Path chats = data(CHAT.repeat(8));
    Path out = folder.resolve("run");
    Cli.Ran trained =
        Cli.run("train", "--model", base, "--data", chats, "--chat-template", "chatml", "--out", out, "--epochs", 40,
            "--max-length", 128, "--learning-rate", "5e-3", "--rank", 4, "--json");
    assertEquals(0, trained.code(), trained.err());
    assertTrue(trained.err().contains("8 conversations got the end-of-text token"), trained.err());
    Cli.Ran answer =
        Cli.run("generate", "--model", base, "--adapter", out, "--chat", "--chat-template", "chatml", "--prompt",
            "Where does the cow live?", "--temperature", 0, "--max-tokens", 60, "--json");
    assertEquals("On Mars.", answer.json().get("text").asText());
    assertEquals("stop", answer.json().get("finish_reason").asText());
  }

  @Test
  void planAndCheckSayWhereAnAnswerHasNoEnd() throws IOException {
    Path base = Cli.base(folder);
    String second = ", {\"role\": \"user\", \"content\": \"Sure?\"}, {\"role\": \"assistant\", \"content\": \"Yes.\"}]}";
    Path chats = data(CHAT + CHAT.replace("]}", second));
    Cli.Ran plan =
        Cli.run("train", "--model", base, "--data", chats, "--chat-template", "chatml", "--out", folder.resolve("o"), "--plan");
    assertTrue(plan.err().contains("2 conversations got the end-of-text token"), plan.err());
    assertTrue(plan.err().contains("answers without a token after them that ends generation, so that the trained model may not stop there: 1"), plan.err());
    Cli.Ran checked = Cli.run("data", "check", chats, "--model", base, "--chat-template", "chatml", "--no-timing", "--json");
    assertEquals(2, finding(checked, "end-added").get("count").asInt());
    assertEquals(1, finding(checked, "no-end").get("count").asInt());
    assertTrue(finding(checked, "no-end").get("places").toString().contains("d.jsonl:2"), checked.out());
    Cli.Ran own = Cli.run("data", "check", chats, "--model", base, "--no-timing", "--json");
    assertTrue(!own.out().contains("end-added") && !own.out().contains("no-end"), own.out());
  }
}
