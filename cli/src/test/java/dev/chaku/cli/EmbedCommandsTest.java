package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbedCommandsTest {
    private static final Path ENCODERS =
            Path.of("..", "java-api", "src", "test", "resources", "dev", "chaku", "goldens", "encoders");

    @TempDir
    Path folder;

    @Test
    void vectorsComeInTheOrderOfTheLines() throws IOException {
        Path texts = Files.writeString(
                folder.resolve("texts.jsonl"), "\"The cow lives.\"\n\n{\"text\": \"a\", \"id\": 7}\n\"x\"\n");
        Path model = ENCODERS.resolve("bert.gguf");
        JsonNode all =
                Cli.run("embed", "--model", model, "--file", texts, "--json").json();
        assertEquals(3, all.get("embeddings").size());
        assertEquals(32, all.get("dimensions").asInt());
        JsonNode one =
                Cli.run("embed", "--model", model, "--text", "a", "--json").json();
        assertEquals(one.get("embeddings").get(0), all.get("embeddings").get(1));
        JsonNode few = Cli.run("embed", "--model", model, "--text", "a", "--dimensions", 8, "--json")
                .json();
        assertEquals(8, few.get("embeddings").get(0).size());
        double squares = 0;
        for (JsonNode value : few.get("embeddings").get(0)) {
            squares += value.asDouble() * value.asDouble();
        }
        assertEquals(1, squares, 1e-5);
        assertTrue(Cli.run("embed", "--model", model, "--file", texts)
                .out()
                .endsWith("3 vectors of 32 numbers; --json gives all\n"));
    }

    @Test
    void documentsAreSortedByTheirScores() throws IOException {
        Path texts = Files.writeString(folder.resolve("texts.jsonl"), "\"The cow.\"\n\"Mars\"\n\"a b c\"\n");
        JsonNode results = Cli.run(
                        "rerank",
                        "--model",
                        ENCODERS.resolve("bert-rank.gguf"),
                        "--query",
                        "cow",
                        "--file",
                        texts,
                        "--json")
                .json()
                .get("results");
        assertEquals(3, results.size());
        double before = 1;
        for (JsonNode result : results) {
            assertTrue(result.get("score").asDouble() <= before
                    && result.get("score").asDouble() > 0);
            before = result.get("score").asDouble();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "embed --model bert.gguf --file BAD | texts.jsonl:2: expected a JSON string",
                "embed --model bert.gguf --file EMPTY | expected a text a line, found none",
                "embed --model bert.gguf --text a --dimensions 33 | --dimensions: expected 1 to 32, found 33",
                "embed --model bert-rank.gguf --text a | expected a model that gives vectors, found one that ranks",
                "rerank --model bert.gguf --query a --file BAD | texts.jsonl:2",
                "rerank --model bert.gguf --query a --file GOOD | expected a model that ranks",
                "rerank --model bert-rank.gguf --query a --file GOOD --instruction x | expected none for an encoder",
                "generate --model bert.gguf --prompt a | encoder",
            })
    void whatIsWrongIsNamed(String line, String expected) throws IOException {
        Path bad = Files.writeString(folder.resolve("texts.jsonl"), "\"good\"\n{\"body\": \"x\"}\n");
        Path empty = Files.writeString(folder.resolve("empty.jsonl"), "\n");
        Path good = Files.writeString(folder.resolve("good.jsonl"), "\"good\"\n");
        Object[] words = Arrays.stream(line.split(" "))
                .map(word -> switch (word) {
                    case "BAD" -> bad;
                    case "EMPTY" -> empty;
                    case "GOOD" -> good;
                    default -> word.endsWith(".gguf") ? ENCODERS.resolve(word) : word;
                })
                .toArray();
        Cli.Ran ran = Cli.run(words);
        assertTrue(ran.code() == 3 || ran.code() == 2, line + ": " + ran.code() + " " + ran.err());
        assertTrue(ran.err().contains(expected), ran.err());
        assertEquals(1, ran.err().strip().lines().count(), ran.err());
    }
}
