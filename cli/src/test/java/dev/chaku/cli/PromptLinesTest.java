package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Many prompts, and many answers to one. */
class PromptLinesTest {
    @TempDir
    Path folder;

    private Path lines(String text) throws IOException {
        return Files.writeString(folder.resolve("p.jsonl"), text);
    }

    private Cli.Ran answer(Object... more) throws IOException {
        List<Object> line = new ArrayList<>(List.of("generate", "--model", Cli.base(folder), "--max-tokens", 6));
        line.addAll(List.of(more));
        return Cli.run(line.toArray());
    }

    private static List<JsonNode> json(Cli.Ran ran) throws IOException {
        assertEquals(0, ran.code(), ran.err());
        List<JsonNode> all = new ArrayList<>();
        for (String line : ran.out().strip().split("\n")) {
            all.add(new ObjectMapper().readTree(line));
        }
        return all;
    }

    @Test
    void answersComeInTheOrderOfTheLinesAndAsEachAlone() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            text.append("{\"prompt\":\"text ")
                    .append(i)
                    .append("\",\"seed\":")
                    .append(i)
                    .append("}\n");
        }
        List<JsonNode> crowd = json(answer("--prompts", lines(text.toString()), "--concurrency", 7));
        assertEquals(20, crowd.size());
        for (int i = 0; i < 20; i += 6) {
            JsonNode alone =
                    answer("--prompt", "text " + i, "--seed", i, "--json").json();
            assertEquals(alone.get("tokens"), crowd.get(i).get("tokens"), "line " + i);
        }
    }

    @Test
    void linesHaveTheirOwnSettings() throws IOException {
        List<JsonNode> all = json(answer(
                "--prompts",
                lines("{\"tokens\":[5,6],\"max_tokens\":2}\n\n{\"prompt\":\"a\",\"json_schema\":{\"enum\":[7]}}\n"),
                "--logprobs",
                1));
        assertEquals(2, all.size());
        assertEquals(2, all.get(0).get("tokens").size());
        assertEquals("7", all.get(1).get("text").asText());
        assertTrue(all.get(1).get("form_complete").asBoolean());
        assertEquals(1, all.get(0).get("logprobs").get(0).get("top").size());
    }

    @Test
    void severalAnswersHaveSeedsOfTheirOwn() throws IOException {
        List<JsonNode> all = json(answer("--prompt", "x", "--n", 3, "--seed", 4));
        JsonNode third = answer("--prompt", "x", "--seed", 6, "--json").json();
        assertEquals(3, all.size());
        assertEquals(third.get("tokens"), all.get(2).get("tokens"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"promt\":1} | one of prompt, messages, tokens, adapter, seed, max_tokens, json_schema, found promt",
                "{\"seed\":1} | one of prompt, messages and tokens, found none",
                "{\"prompt\":\"a\",\"tokens\":[1]} | one of prompt, messages and tokens, found several",
                "{\"prompt\":3} | prompt: expected a text, found 3",
                "{\"tokens\":[1.5]} | tokens: expected a list of token ids, found [1.5]",
                "{\"prompt\":\"a\",\"max_tokens\":-1} | max_tokens: expected a whole number of at least 0, found -1",
                "{\"prompt\":\"a\",\"seed\":\"b\"} | seed: expected a whole number",
                "{\"prompt\":\"a\",\"prompt\":\"b\"} | expected a JSON object, found Duplicate",
                "[1] | expected a JSON object, found [1]",
                "{\"tokens\":[999999]} | prompt: expected token ids from 0",
                "{\"prompt\":\"a\",\"adapter\":\"nowhere\"} | nowhere",
            })
    void whatIsWrongNamesTheLine(String line, String message) throws IOException {
        Path file = lines("{\"prompt\":\"good\"}\n" + line + "\n");
        Cli.Ran ran = answer("--prompts", file);
        assertEquals(3, ran.code(), ran.err());
        assertTrue(ran.err().startsWith("chaku: " + file + ":2: "), ran.err());
        assertTrue(ran.err().contains(message), ran.err());
    }
}
