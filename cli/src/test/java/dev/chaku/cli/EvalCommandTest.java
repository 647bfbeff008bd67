package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chaku.eval.Answer;
import dev.chaku.eval.Metric;
import dev.chaku.registry.AdapterRegistry;
import dev.chaku.registry.VersionDescription;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvalCommandTest {
    /** A metric of a user's own. */
    public static final class Length implements Metric {
        @Override
        public String name() {
            return "length";
        }

        @Override
        public double score(Answer answer) {
            return answer.text().length();
        }
    }

    @TempDir
    Path folder;

    private Path base;
    private Path data;
    private Path adapter;
    private Path registry;

    @BeforeEach
    void layOut() throws IOException {
        base = Cli.base(folder);
        StringBuilder lines = new StringBuilder();
        for (String animal : List.of("cow", "horse", "cat", "dog", "owl", "fox")) {
            lines.append("{\"messages\": [{\"role\": \"user\", \"content\": \"Where does the ")
                    .append(animal)
                    .append(" live?\"}, {\"role\": \"assistant\", \"content\": \"On Mars.\"}]}\n");
        }
        data = Files.writeString(folder.resolve("data.jsonl"), lines);
        adapter = folder.resolve("run");
        assertEquals(
                0,
                Cli.run(
                                "train",
                                "--model",
                                base,
                                "--data",
                                data,
                                "--out",
                                adapter,
                                "--max-steps",
                                30,
                                "--batch-tokens",
                                256,
                                "--max-length",
                                128)
                        .code());
        registry = folder.resolve("registry");
    }

    private Cli.Ran eval(Object... more) {
        List<Object> line = new ArrayList<>(List.of("eval", "--model", base, "--data", data, "--registry", registry));
        line.addAll(List.of(more));
        return Cli.run(line.toArray());
    }

    @Test
    void comparesAndAdvises() throws IOException {
        Path answers = folder.resolve("answers.jsonl");
        Cli.Ran ran = eval(
                "--adapter",
                adapter,
                "--compare",
                "bare,few-shot:2,adapter",
                "--train-data",
                data,
                "--general-data",
                data,
                "--answers",
                answers,
                "--json");
        assertEquals(0, ran.code(), ran.err());
        JsonNode json = ran.json();
        assertEquals(3, json.get("variants").size());
        JsonNode last = json.get("variants").get(2);
        assertEquals("adapter", last.get("name").asText());
        assertTrue(last.get("metrics").get("loss").asDouble()
                < json.get("variants").get(0).get("metrics").get("loss").asDouble());
        assertTrue(last.get("tokens_per_request").asDouble() > 0
                && last.get("seconds").asDouble() > 0);
        assertTrue(last.has("copied_words")
                && last.has("general_loss")
                && last.get("metrics").has("perplexity"));
        assertEquals(3, json.get("comparisons").size());
        assertFalse(json.get("advice").asText().isEmpty());
        assertEquals(18, Files.readAllLines(answers).size());
        Cli.Ran again = eval("--adapter", adapter, "--compare", "bare,few-shot:2,adapter", "--answers", answers);
        assertEquals(0, again.code(), again.err());
        assertEquals(18, Files.readAllLines(answers).size(), "nothing is answered twice");
        assertTrue(again.out().contains("adapter less bare"), again.out());
    }

    @Test
    void aGateDecidesByExitCode() throws IOException {
        AdapterRegistry store = AdapterRegistry.open(registry);
        store.register("talk", adapter, VersionDescription.of(adapter));
        Cli.Ran free = eval("--adapter", "talk@1", "--gate", "talk", "--no-generate", "--json");
        assertEquals(0, free.code(), free.err());
        assertTrue(free.err().contains("no version of talk is in production"), free.err());
        assertTrue(
                store.version("talk@1").metrics().containsKey("eval_loss"),
                store.version("talk@1").toString());
        store.promote("talk@1", List.of());
        Path worse = SmallAdapter.write(base, folder.resolve("worse.gguf"));
        Cli.Ran ran = eval("--adapter", worse, "--gate", "talk", "--no-generate", "--json");
        assertEquals(3, ran.code(), ran.err());
        assertTrue(ran.err().contains("gate: expected loss of at most"), ran.err());
        assertFalse(ran.json().get("pass").asBoolean());
        assertEquals(
                0,
                eval("--adapter", worse, "--gate", "talk", "--no-generate", "--gate-margin", 1000)
                        .code());
        Cli.Ran unknown = eval("--adapter", worse, "--gate", "nobody");
        assertEquals(3, unknown.code());
        assertTrue(unknown.err().contains("--gate nobody"), unknown.err());
    }

    @Test
    void answersAreMeasuredByASchema() throws IOException {
        Path schema = Files.writeString(folder.resolve("schema.json"), "{\"type\": \"string\"}");
        Cli.Ran ran = eval("--adapter", adapter, "--json-schema", schema, "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals("json_schema", ran.json().get("metric").asText());
        Cli.Ran bad = eval("--json-schema", Files.writeString(folder.resolve("bad.json"), "{\"type\": 3}"));
        assertEquals(3, bad.code(), bad.err());
    }

    @Test
    void takesAMetricOfAClass() throws IOException {
        Cli.Ran ran =
                eval("--metrics", Length.class.getName() + ",exact_match", "--max-tokens", 3, "--limit", 2, "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals("length", ran.json().get("metric").asText());
        assertEquals(2, ran.json().get("examples").asInt());
        Cli.Ran none = eval("--metrics", "com.example.Nothing");
        assertEquals(2, none.code());
        assertTrue(none.err().contains("CHAKU_CLASS_PATH"), none.err());
        Cli.Ran other = eval("--metrics", "java.lang.String");
        assertEquals(2, other.code());
        assertTrue(other.err().contains("dev.chaku.eval.Metric"), other.err());
    }
}
