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

    @TempDir
    Path folder;

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
        Cli.Ran trained = Cli.run(
                "train",
                "--model",
                base,
                "--data",
                chats,
                "--chat-template",
                "chatml",
                "--out",
                out,
                "--epochs",
                40,
                "--max-length",
                128,
                "--learning-rate",
                "5e-3",
                "--rank",
                4,
                "--json");
        assertEquals(0, trained.code(), trained.err());
        assertTrue(trained.err().contains("8 conversations got the end-of-text token"), trained.err());
        Cli.Ran answer = Cli.run(
                "generate",
                "--model",
                base,
                "--adapter",
                out,
                "--chat",
                "--chat-template",
                "chatml",
                "--prompt",
                "Where does the cow live?",
                "--temperature",
                0,
                "--max-tokens",
                60,
                "--json");
        assertEquals("On Mars.", answer.json().get("text").asText());
        assertEquals("stop", answer.json().get("finish_reason").asText());
    }

    @Test
    void tagsInTextsAreCounted() throws IOException {
        Path base = Cli.base(folder);
        Path texts = data("{\"text\": \"<|im_start|>user\\nHi<|im_end|>\"}\n{\"text\": \"<|user|>Hi<|end|>\"}\n"
                + "{\"prompt\": \"Hi\", \"completion\": \"Yes.<|im_end|>\"}\n");
        Cli.Ran checked = Cli.run("data", "check", texts, "--model", base, "--no-timing", "--json");
        assertEquals(2, finding(checked, "foreign-tags").get("count").asInt());
        assertTrue(
                finding(checked, "foreign-tags")
                        .get("places")
                        .toString()
                        .contains("ChatML tags, but the model has none: <|im_start|>"),
                checked.out());
        assertEquals(1, finding(checked, "special-tokens").get("count").asInt());
        assertTrue(
                finding(checked, "special-tokens").get("why").asText().startsWith("They are read as those tokens"),
                checked.out());
        Cli.Ran plain = Cli.run("data", "check", texts, "--model", base, "--no-special", "--no-timing", "--json");
        assertTrue(
                finding(plain, "special-tokens").get("why").asText().startsWith("They are trained as characters"),
                plain.out());
        Cli.Ran stats = Cli.run("data", "stats", texts, "--model", base, "--json");
        Cli.Ran more = Cli.run("data", "stats", texts, "--model", base, "--no-special", "--json");
        assertTrue(
                stats.json().get("tokens").asInt() < more.json().get("tokens").asInt(), stats.out());
    }

    /** The demo's template writes no thoughts. */
    @Test
    void thoughtsThatTheTemplateLeavesOutAreReported() throws IOException {
        Path base = Cli.base(folder);
        Path chats = data(
                CHAT + CHAT.replace("\"On Mars.\"", "\"On Mars.\", \"reasoning_content\": \"Cows like red.\\nSo.\""));
        String what = "reasoning_content: Cows like red.";
        Cli.Ran plan = Cli.run("train", "--model", base, "--data", chats, "--out", folder.resolve("o"), "--plan");
        assertTrue(
                plan.err()
                        .contains("the chat template leaves out text, which is trained nowhere: 1; the first: " + chats
                                + ":2: " + what),
                plan.err());
        Cli.Ran trained =
                Cli.run("train", "--model", base, "--data", chats, "--out", folder.resolve("o"), "--max-steps", 1);
        assertTrue(trained.err().contains("trained nowhere: 1; the first: "), trained.err());
        Cli.Ran checked = Cli.run("data", "check", chats, "--model", base, "--no-timing", "--json");
        assertEquals(1, finding(checked, "left-out-by-template").get("count").asInt());
        assertTrue(
                finding(checked, "left-out-by-template")
                        .get("places")
                        .toString()
                        .contains("d.jsonl:2"),
                checked.out());
        Cli.Ran shown = Cli.run("data", "preview", chats, "--model", base);
        assertTrue(shown.out().contains("left out by the chat template: " + what), shown.out());
        JsonNode examples = Cli.run("data", "preview", chats, "--model", base, "--json")
                .json()
                .get("examples");
        assertTrue(!examples.get(0).has("unrendered"), examples.toString());
        assertEquals(what, examples.get(1).get("unrendered").asText());
    }

    @Test
    void planAndCheckSayWhereAnAnswerHasNoEnd() throws IOException {
        Path base = Cli.base(folder);
        String second =
                ", {\"role\": \"user\", \"content\": \"Sure?\"}, {\"role\": \"assistant\", \"content\": \"Yes.\"}]}";
        Path chats = data(CHAT + CHAT.replace("]}", second));
        Cli.Ran plan = Cli.run(
                "train",
                "--model",
                base,
                "--data",
                chats,
                "--chat-template",
                "chatml",
                "--out",
                folder.resolve("o"),
                "--plan");
        assertTrue(plan.err().contains("2 conversations got the end-of-text token"), plan.err());
        assertTrue(
                plan.err()
                        .contains(
                                "answers without a token after them that ends generation, so that the trained model may not stop there: 1"),
                plan.err());
        Cli.Ran checked =
                Cli.run("data", "check", chats, "--model", base, "--chat-template", "chatml", "--no-timing", "--json");
        assertEquals(2, finding(checked, "end-added").get("count").asInt());
        assertEquals(1, finding(checked, "no-end").get("count").asInt());
        assertTrue(finding(checked, "no-end").get("places").toString().contains("d.jsonl:2"), checked.out());
        Cli.Ran own = Cli.run("data", "check", chats, "--model", base, "--no-timing", "--json");
        assertTrue(!own.out().contains("end-added") && !own.out().contains("no-end"), own.out());
    }
}
