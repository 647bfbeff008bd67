package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs of {@code chaku data}, as a user types them. */
class DataCommandsTest {
    private static final String CHAT =
            "{\"messages\": [{\"role\": \"user\", \"content\": \"Where does the cow live?\"},"
                    + " {\"role\": \"assistant\", \"content\": \"On Mars.\"}]}\n";

    @TempDir
    Path folder;

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
    void checkEndsWithAnEstimate() throws IOException {
        Path chats = file(
                "a.jsonl", CHAT.replace("{\"messages", "{\"id\": 1, \"messages").repeat(40));
        Path page = folder.resolve("page.html");
        int row = 2
                * Cli.run("data", "stats", chats, "--model", Cli.base(folder), "--json")
                        .json()
                        .get("longest_tokens")
                        .asInt();
        Cli.Ran ran = Cli.run(
                "data",
                "check",
                chats,
                "--model",
                Cli.base(folder),
                "--max-length",
                row,
                "--epochs",
                2,
                "--html",
                page,
                "--json");
        assertEquals(0, ran.code(), ran.err());
        JsonNode estimate = ran.json().get("estimate");
        Cli.Ran plan = Cli.run(
                "train",
                "--model",
                Cli.base(folder),
                "--data",
                chats,
                "--max-length",
                row,
                "--epochs",
                2,
                "--plan",
                "--json",
                "--out",
                folder.resolve("o"));
        for (String same : List.of("steps", "rows_per_epoch", "tokens_per_epoch", "training_bytes", "weight_bytes")) {
            assertEquals(plan.json().get(same), estimate.get(same), same);
        }
        assertTrue(estimate.get("seconds").asDouble() > 0, estimate.toString());
        assertTrue(
                estimate.get("seconds_slowest").asDouble()
                        > estimate.get("seconds_fastest").asDouble(),
                estimate.toString());
        assertTrue(ran.out().contains("'id' in 40 records"), ran.out());
        assertTrue(Files.readString(page).contains("What training takes"));
        JsonNode bare = Cli.run("data", "check", chats, "--json").json().get("estimate");
        assertEquals(
                "memory and time: name the --model for them",
                bare.get("missing").asText());
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
        Path hostile = file("h.jsonl", CHAT.replace("On Mars", "On \\u001b[2JMars"));
        assertTrue(Cli.run("data", "preview", hostile, "--model", base).out().contains("On ␛[2JMars"));
        Cli.Ran random = Cli.run("data", "preview", chats, "--model", base, "--seed", 1, "-n", 2);
        assertEquals(
                random.out(),
                Cli.run("data", "preview", chats, "--model", base, "--seed", 1, "-n", 2)
                        .out());
        assertEquals(2, random.out().split("example \\d of 3", -1).length - 1, random.out());
    }

    @Test
    void previewGivesTokensMaskAndSeams() throws IOException {
        Path chats = file("a.jsonl", CHAT + CHAT);
        Path base = Cli.base(folder);
        JsonNode sequence = Cli.run("data", "preview", chats, "--model", base, "--index", 2, "--json")
                .json()
                .get("examples")
                .get(0)
                .get("sequences")
                .get(0);
        int length = sequence.get("tokens").size();
        assertEquals(length, sequence.get("mask").size());
        assertEquals(length, sequence.get("pieces").size());
        assertEquals(0, sequence.get("mask").get(0).asInt());
        Cli.Ran packed = Cli.run(
                "data", "preview", chats, "--model", base, "--packed", "--max-length", 2 * length + 1, "--json");
        JsonNode row = packed.json().get("rows").get(0);
        assertEquals("[0," + length + "," + 2 * length + "]", row.get("starts").toString());
        assertEquals(0, row.get("mask").get(length).asInt());
        assertEquals(sequence.get("mask").get(length - 1), row.get("mask").get(2 * length - 1));
        String text =
                Cli.run("data", "preview", chats, "--model", base, "--packed").out();
        assertTrue(text.contains("── sequence 2, tokens " + length + " to " + (2 * length - 1) + " ──"), text);
    }

    private static List<String> lines(Path file) throws IOException {
        boolean gzip = file.toString().endsWith(".gz");
        try (InputStream in = gzip ? new GZIPInputStream(Files.newInputStream(file)) : Files.newInputStream(file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    @Test
    void splitKeepsRecordsWholeAndPromptsTogether() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            text.append("{\"id\": %d, \"prompt\": \"p%d\", \"completion\": \"c%d\"}\n".formatted(i, i / 2, i));
        }
        Path all = file("all.jsonl", text.toString());
        Path out = folder.resolve("parts");
        Cli.Ran ran = Cli.run("data", "split", all, "--out", out, "--validation", "0.1", "--test", 20, "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals(
                "{\"train\":70,\"validation\":10,\"test\":20}",
                ran.json().get("examples").toString());
        Set<String> records = new TreeSet<>();
        Map<String, String> partOfPrompt = new HashMap<>();
        for (String part : List.of("train", "validation", "test")) {
            for (String line : lines(out.resolve(part + ".jsonl"))) {
                records.add(line);
                String prompt = line.replaceAll(".*\"(p[0-9]+)\".*", "$1");
                assertEquals(part, partOfPrompt.computeIfAbsent(prompt, p -> part), prompt);
            }
        }
        assertEquals(100, records.size());
        assertTrue(records.contains("{\"id\":7,\"prompt\":\"p3\",\"completion\":\"c7\"}"), records.toString());
        Cli.Ran again = Cli.run("data", "split", all, "--out", out, "--test", 20);
        assertEquals(3, again.code());
        assertTrue(
                again.err()
                        .contains(
                                "train.jsonl: expected a new file, found one that exists already; --overwrite replaces it"),
                again.err());
        List<String> before = lines(out.resolve("test.jsonl"));
        assertEquals(
                0,
                Cli.run("data", "split", all, "--out", out, "--validation", "0.1", "--test", 20, "--overwrite")
                        .code());
        assertEquals(before, lines(out.resolve("test.jsonl")));
        try (Stream<Path> files = Files.list(out)) {
            assertEquals(3, files.count());
        }
    }

    @Test
    void aSplitThatFailsLeavesNothingBehind() throws IOException {
        Path out = folder.resolve("parts");
        Cli.Ran ran = Cli.run("data", "split", file("a.jsonl", CHAT + "nonsense\n"), "--out", out, "--test", 1);
        assertEquals(3, ran.code());
        assertTrue(ran.err().contains("a.jsonl:2: no JSON"), ran.err());
        assertFalse(Files.exists(out));
        assertEquals(
                3,
                Cli.run("data", "split", file("b.jsonl", CHAT), "--out", out, "--test", "0.5")
                        .code());
        assertFalse(Files.exists(out));
        assertEquals(2, Cli.run("data", "split", folder, "--out", out).code());
        assertEquals(
                2,
                Cli.run("data", "split", folder, "--out", out, "--test", "1.5").code());
    }

    @Test
    void convertWritesAnotherLayout() throws IOException {
        Path table = file("faq.csv", "id,question,reply\n1,Who?,Me.\n2,\"Where, then?\",Here.\n");
        Path out = folder.resolve("faq.jsonl.gz");
        Cli.Ran ran = Cli.run(
                "data",
                "convert",
                table,
                "--columns",
                "prompt=question,completion=reply",
                "--to",
                "chat",
                "--out",
                out,
                "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals(2, ran.json().get("written").asInt());
        assertEquals(
                "{\"messages\":[{\"role\":\"user\",\"content\":\"Where, then?\"},"
                        + "{\"role\":\"assistant\",\"content\":\"Here.\"}],\"id\":\"2\"}",
                lines(out).get(1));
        assertEquals(
                3,
                Cli.run("data", "convert", out, "--to", "sharegpt", "--out", out)
                        .code());
        Path share = folder.resolve("share.jsonl");
        assertEquals(
                0,
                Cli.run("data", "convert", out, "--to", "sharegpt", "--out", share)
                        .code());
        assertTrue(
                lines(share).get(0).startsWith("{\"conversations\":[{\"from\":\"human\",\"value\":\"Who?\"}"),
                lines(share).toString());
    }

    @Test
    void convertLosesNothingSilently() throws IOException {
        Path chats = file("a.jsonl", CHAT + CHAT.replace("[", "[{\"role\": \"system\", \"content\": \"Be brief.\"}, "));
        Path out = folder.resolve("o.jsonl");
        Cli.Ran refused = Cli.run("data", "convert", chats, "--to", "prompt-completion", "--out", out);
        assertEquals(3, refused.code());
        assertTrue(
                refused.err().contains("a.jsonl:2: prompt-completion has no place for the system message (1 example)"),
                refused.err());
        assertFalse(Files.exists(out));
        Cli.Ran allowed =
                Cli.run("data", "convert", chats, "--to", "prompt-completion", "--out", out, "--allow-loss", "--json");
        assertEquals(0, allowed.code(), allowed.err());
        assertEquals(1, allowed.json().get("lost").get("the system message").asInt());
        assertEquals(2, lines(out).size());
        assertEquals(
                2,
                Cli.run("data", "convert", chats, "--to", "tokens", "--out", folder.resolve("t"))
                        .code());
        assertEquals(
                3,
                Cli.run("data", "convert", chats, "--to", "preference", "--out", folder.resolve("t"), "--allow-loss")
                        .code());
    }

    /** Of a file in which every line is wrong, every verb says what is wrong with the first ones. */
    @Test
    void whenEveryLineIsWrongEveryVerbSaysWhy() throws IOException {
        Path data = file("qa.jsonl", "{\"q\": \"Where is the cat?\", \"a\": \"On the mat.\"}\n".repeat(2));
        for (String verb : List.of("check", "stats", "preview")) {
            Cli.Ran ran = Cli.run("data", verb, data, "--model", Cli.base(folder));
            assertEquals(3, ran.code(), verb);
            assertTrue(
                    ran.err()
                            .contains(
                                    data
                                            + ": expected at least one example, found none; all 2 lines are wrong, the first: "
                                            + data
                                            + ":1: expected a key of a known format (messages, prompt, conversations, instruction or text), found [q, a]"),
                    ran.err());
            Cli.Ran mapped = Cli.run(
                    "data",
                    verb,
                    data,
                    "--model",
                    Cli.base(folder),
                    "--columns",
                    "prompt=q,completion=x",
                    "--max-length",
                    64);
            assertEquals(3, mapped.code(), verb);
            assertTrue(mapped.err().contains(data + ":1: expected a column 'x', found [q, a]"), mapped.err());
        }
        Cli.Ran unknown = Cli.run("data", "check", data, "--columns", "promt=q");
        assertTrue(unknown.err().contains("--columns: expected a key that a format reads"), unknown.err());
        Cli.Ran split = Cli.run("data", "split", data, "--out", folder.resolve("p"), "--test", 1);
        assertTrue(split.err().contains(data + ":1: expected a key of a known format"), split.err());
    }

    /** Flags of other trainers, and a key that nobody reads. */
    @Test
    void flagsOfMessagesAreFollowedOrTold() throws IOException {
        String chat =
                "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"bad answer\", %s},"
                        + " {\"role\": \"user\", \"content\": \"Again\"}, {\"role\": \"assistant\", \"content\": \"good answer\"}]}\n";
        for (String flag : List.of("\"train\": false", "\"loss\": false", "\"weight\": 0", "\"weight\": false")) {
            Path data = file("f.jsonl", chat.formatted(flag));
            Cli.Ran ran = Cli.run("data", "preview", data, "--model", Cli.base(folder));
            assertTrue(
                    ran.out().contains("»bad answer«") && ran.out().contains("⟦good answer«"),
                    flag + ran.out() + ran.err());
        }
        Path unread = file("u.jsonl", chat.formatted("\"train_detail\": []"));
        Cli.Ran ran = Cli.run("data", "check", unread, "--model", Cli.base(folder), "--no-timing");
        assertTrue(
                ran.out().contains("WARNING unread-keys (1): Keys of messages that nobody reads: train_detail"),
                ran.out());
    }

    @Test
    void cellsThatTablesLeaveEmptyAreTold() throws IOException {
        Path data = file("n.csv", "prompt,completion\na,NaN\nx,NA\ny,\nz,null\n");
        Cli.Ran ran = Cli.run("data", "check", data);
        assertTrue(ran.out().contains("missing-value (3)"), ran.out());
        assertTrue(ran.out().contains("empty-answer (1)"), ran.out());
    }

    @Test
    void splitRefusesAPipe() throws Exception {
        Path pipe = folder.resolve("pipe");
        Assumptions.assumeTrue(
                new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "no named pipes here");
        Cli.Ran ran = Cli.run("data", "split", pipe, "--out", folder.resolve("p"), "--test", 1);
        assertEquals(3, ran.code());
        assertTrue(ran.err().contains("split reads its data twice, expected a file, found a pipe"), ran.err());
    }

    @Test
    void previewRefusesWhatItCannotShow() throws IOException {
        Path chats = file("a.jsonl", CHAT);
        Path base = Cli.base(folder);
        assertEquals(2, Cli.run("data", "preview", chats).code());
        assertEquals(
                2,
                Cli.run("data", "preview", chats, "--model", base, "--index", 1, "--seed", 1)
                        .code());
        Cli.Ran past = Cli.run("data", "preview", chats, "--model", base, "--index", 2);
        assertEquals(3, past.code());
        assertTrue(past.err().contains("--index: expected 1 to 1, found 2"), past.err());
    }
}
