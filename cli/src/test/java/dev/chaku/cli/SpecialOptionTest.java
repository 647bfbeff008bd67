package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Special tokens that texts and prompts spell are tokens for every verb, unless {@code --no-special} says otherwise.
 */
class SpecialOptionTest {
    private static final String TEXT = "<|user|>Hi<|end|>";

    @TempDir
    Path folder;

    private int tokens(String... more) throws IOException {
        List<Object> line = new ArrayList<>(List.of("tokenize", "--model", Cli.base(folder), "--text", TEXT, "--json"));
        line.addAll(List.of(more));
        return Cli.run(line.toArray()).json().get("ids").size();
    }

    private int promptTokens(Object... more) throws IOException {
        List<Object> line =
                new ArrayList<>(List.of("generate", "--model", Cli.base(folder), "--max-tokens", 0, "--json"));
        line.addAll(List.of(more));
        return Cli.run(line.toArray()).json().get("prompt_tokens").asInt();
    }

    private JsonNode previewed(Path data, Object... more) throws IOException {
        List<Object> line = new ArrayList<>(List.of("data", "preview", data, "--model", Cli.base(folder), "--json"));
        line.addAll(List.of(more));
        Cli.Ran ran = Cli.run(line.toArray());
        assertEquals(0, ran.code(), ran.err());
        return ran.json().get("examples").get(0).get("sequences").get(0).get("pieces");
    }

    @Test
    void promptsSpellTokens() throws IOException {
        assertEquals(tokens(), promptTokens("--prompt", TEXT));
        assertEquals(tokens("--no-special"), promptTokens("--prompt", TEXT, "--no-special"));
        assertTrue(tokens() < tokens("--no-special"));
    }

    @Test
    void whatAUserSaysInAChatIsText() throws IOException {
        int plain = promptTokens("--chat", "--prompt", "Hi");
        assertEquals(
                tokens("--no-special") - promptTokens("--prompt", "Hi"),
                promptTokens("--chat", "--prompt", TEXT) - plain);
    }

    @Test
    void trainingDataSpellTokens() throws IOException {
        Path data = Files.writeString(
                folder.resolve("d.jsonl"),
                "{\"prompt\": \"<|user|>Hi<|end|><|assistant|>\", \"completion\": \"Yes.<|end|>\"}\n");
        String pieces = previewed(data).toString();
        assertTrue(pieces.startsWith("[\"<|start|>\",\"<|user|>\"") && pieces.endsWith("\"<|end|>\"]"), pieces);
        assertEquals(2, pieces.split("<\\|end\\|>", -1).length - 1, pieces);
        String plain = previewed(data, "--no-special").toString();
        assertTrue(plain.endsWith("\"<|end|>\"]") && !plain.contains("<|user|>"), plain);
        assertEquals(planned(data), previewed(data).size());
        assertEquals(
                planned(data, "--no-special"), previewed(data, "--no-special").size());
    }

    private int planned(Path data, Object... more) throws IOException {
        List<Object> line = new ArrayList<>(List.of(
                "train",
                "--model",
                Cli.base(folder),
                "--data",
                data,
                "--plan",
                "--json",
                "--out",
                folder.resolve("o")));
        line.addAll(List.of(more));
        return Cli.run(line.toArray()).json().get("tokens_per_epoch").asInt();
    }
}
