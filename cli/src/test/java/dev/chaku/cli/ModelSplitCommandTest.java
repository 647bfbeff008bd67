package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code chaku model split} and {@code join}, and the verbs that open parts. */
class ModelSplitCommandTest {
    @TempDir
    Path folder;

    private Path part(int number) {
        return folder.resolve(String.format("p-%05d-of-00003.gguf", number));
    }

    private JsonNode split() throws IOException {
        Cli.Ran ran = Cli.run(
                "model", "split", Cli.base(folder), "--max-tensors", 15, "--out", folder.resolve("p.gguf"), "--json");
        assertEquals(0, ran.code(), ran.err());
        return ran.json();
    }

    @Test
    void splitsAndJoins() throws IOException {
        JsonNode parts = split().get("parts");
        assertEquals(3, parts.size());
        assertEquals(part(1).toString(), parts.get(0).get("file").asText());
        assertEquals(15, parts.get(0).get("tensors").asInt());
        assertEquals(Files.size(part(3)), parts.get(2).get("bytes").asLong());
        Path joined = folder.resolve("joined.gguf");
        Cli.Ran ran = Cli.run("model", "join", part(2), joined, "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals(3, ran.json().get("parts").asInt());
        assertEquals(38, ran.json().get("tensors").asInt());
        assertArrayEquals(Files.readAllBytes(Cli.base(folder)), Files.readAllBytes(joined));
    }

    @Test
    void aSizeIsALimitAndADryRunWritesNothing() throws IOException {
        Cli.Ran ran = Cli.run("model", "split", Cli.base(folder), "--max-size", "300K", "--dry-run", "--json");
        assertEquals(0, ran.code(), ran.err());
        for (JsonNode part : ran.json().get("parts")) {
            assertTrue(part.get("bytes").asLong() <= 300 << 10, part.toString());
            assertTrue(Files.notExists(Path.of(part.get("file").asText())), part.toString());
        }
        Cli.Ran small = Cli.run("model", "split", Cli.base(folder), "--max-size", "50K", "--dry-run");
        assertTrue(small.out().contains("more than asked for"), small.out());
    }

    @Test
    void aFolderIsAPlaceForThem() throws IOException {
        Path parts = Files.createDirectory(folder.resolve("parts"));
        assertEquals(
                0,
                Cli.run("model", "split", Cli.base(folder), "--max-tensors", 20, "--out", parts)
                        .code());
        assertTrue(Files.exists(parts.resolve("base-00002-of-00002.gguf")));
    }

    /** As caches of downloads hold them. */
    @Test
    void linksToPartsAreParts() throws IOException {
        split();
        Path links = Files.createDirectory(folder.resolve("links"));
        for (int i = 1; i <= 3; i++) {
            Path blob = Files.move(part(i), folder.resolve("blob" + i));
            Files.createSymbolicLink(links.resolve(part(i).getFileName()), blob);
        }
        Cli.Ran ran = Cli.run("model", "inspect", links.resolve("p-00001-of-00003.gguf"), "--json");
        assertEquals(38, ran.json().get("tensors").size(), ran.err());
    }

    @Test
    void everyVerbOpensParts() throws IOException {
        split();
        Path text = Files.writeString(
                folder.resolve("text.txt"), "The cow is black and white. The dog is brown. ".repeat(4));
        Path config = Files.writeString(
                folder.resolve("config.json"),
                "{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 32, \"intermediate_size\": 64, \"num_hidden_layers\": 1,"
                        + " \"num_attention_heads\": 2, \"max_position_embeddings\": 64, \"rms_norm_eps\": 1e-5, \"vocab_size\": 7}");
        Path data = Files.writeString(
                folder.resolve("data.jsonl"), "{\"prompt\": \"The cow is\", \"completion\": \" green.\"}\n".repeat(4));
        String[][] lines = {
            {"model", "inspect", "PART", "--tensors"},
            {"model", "quantize", "PART", "q.gguf", "--type", "q4_0", "--allow-requantize"},
            {
                "model",
                "imatrix",
                "--model",
                "PART",
                "--data",
                text.toString(),
                "--out",
                "im.gguf",
                "--chunk-tokens",
                "32"
            },
            {"model", "new", "new.gguf", "--config", config.toString(), "--tokenizer", "PART"},
            {"tokenize", "--model", "PART", "--text", "The cow"},
            {"generate", "--model", "PART", "--prompt", "The cow", "--max-tokens", "4"},
            {"data", "check", data.toString(), "--model", "PART"},
            {"train", "--model", "PART", "--data", data.toString(), "--out", "run", "--epochs", "1"},
            {"generate", "--model", "PART", "--prompt", "The cow", "--max-tokens", "4", "--adapter", "run"},
            {"bench", "--model", "PART", "--prompt-tokens", "8", "--gen-tokens", "4", "--train-tokens", "0"},
        };
        for (String[] line : lines) {
            Object[] args = new Object[line.length];
            for (int i = 0; i < line.length; i++) {
                boolean output = line[i].matches("(q|im|new)\\.gguf|run");
                args[i] = line[i].equals("PART") ? part(2) : output ? folder.resolve(line[i]) : line[i];
            }
            Cli.Ran ran = Cli.run(args);
            assertEquals(0, ran.code(), String.join(" ", line) + ": " + ran.err());
        }
        Cli.Ran inspected = Cli.run("model", "inspect", part(3), "--json");
        assertEquals(3, inspected.json().get("parts").size());
        assertTrue(inspected.json().get("metadata").path("split.count").isMissingNode(), inspected.out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2 | expected --max-size or --max-tensors | model split BASE",
                "2 | --max-tensors: expected at least 1, got 0 | model split BASE --max-tensors 0",
                "2 | expected an amount of memory | model split BASE --max-size many",
                "3 | found no such file | model split none.gguf --max-tensors 5",
                "3 | p-00001-of-00003.gguf: expected a new file, found one that exists already; --overwrite replaces it | model split BASE --max-tensors 15 --out DIR/p",
                "3 | expected a folder to write the file to, found none | model split BASE --max-tensors 15 --out DIR/none/p",
                "3 | nothing to join | model join BASE DIR/x.gguf",
                "3 | base.gguf: expected a new file, found one that exists already | model join DIR/p-00001-of-00003.gguf BASE",
                "3 | expected another file than the input | model join DIR/p-00001-of-00003.gguf DIR/p-00002-of-00003.gguf --overwrite",
                "3 | expected all in one folder, found none named p-00003-of-00003.gguf | generate --model DIR/lone/p-00001-of-00003.gguf --prompt a",
                "3 | by its name this is part 2 of 3, by its metadata part 1 | model inspect DIR/swapped/p-00002-of-00003.gguf"
            })
    void aMistakeIsOneClearLine(int code, String expected, String line) throws IOException {
        split();
        Path lone = Files.createDirectory(folder.resolve("lone"));
        Files.copy(part(1), lone.resolve("p-00001-of-00003.gguf"));
        Files.copy(part(2), lone.resolve("p-00002-of-00003.gguf"));
        Path swapped = Files.createDirectory(folder.resolve("swapped"));
        Files.copy(part(1), swapped.resolve("p-00002-of-00003.gguf"));
        Cli.Ran ran = Cli.run((Object[]) line.replace("BASE", Cli.base(folder).toString())
                .replace("DIR", folder.toString())
                .split(" "));
        assertEquals(code, ran.code(), ran.err());
        assertTrue(ran.err().contains(expected), ran.err());
        assertEquals(1, ran.err().strip().lines().count(), ran.err());
        assertEquals("", ran.out());
    }

    @Test
    void helpHasExamples() {
        for (String verb : new String[] {"split", "join"}) {
            Cli.Ran ran = Cli.run("model", verb, "--help");
            assertEquals(0, ran.code(), ran.err());
            assertTrue(ran.out().contains("  chaku model " + verb + " base"), ran.out());
        }
    }
}
