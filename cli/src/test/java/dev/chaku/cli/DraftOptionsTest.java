package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Drafts on the command line. */
class DraftOptionsTest {
    @TempDir
    Path folder;

    private Cli.Ran generate(Object... more) throws IOException {
        Object[] first = {
            "generate", "--model", Cli.base(folder), "--prompt", "one two one two one two", "--max-tokens", 60, "--json"
        };
        Object[] line = new Object[first.length + more.length];
        System.arraycopy(first, 0, line, 0, first.length);
        System.arraycopy(more, 0, line, first.length, more.length);
        return Cli.run(line);
    }

    @Test
    void draftsChangeNoToken() throws IOException {
        JsonNode plain = generate("--seed", 3).json();
        assertEquals(0, plain.get("drafted_tokens").asInt());
        Path small = OtherBase.write(Cli.base(folder), folder.resolve("small.gguf"));
        Object[][] options = {{"--lookup"}, {"--draft", small}, {"--draft", Cli.base(folder), "--draft-tokens", 4}};
        for (Object[] option : options) {
            Object[] line = new Object[option.length + 2];
            System.arraycopy(option, 0, line, 0, option.length);
            line[option.length] = "--seed";
            line[option.length + 1] = 3;
            JsonNode drafted = generate(line).json();
            assertEquals(plain.get("tokens"), drafted.get("tokens"));
            assertEquals(plain.get("text"), drafted.get("text"));
            assertTrue(drafted.get("accepted_tokens").asInt()
                    <= drafted.get("drafted_tokens").asInt());
        }
    }

    @Test
    void anotherVocabularyIsRefusedByName() throws IOException {
        Path other = OtherBase.writeWithTokensSwapped(Cli.base(folder), folder.resolve("other.gguf"), 300, 301);
        Cli.Ran ran = generate("--draft", other);
        assertEquals(3, ran.code());
        assertTrue(ran.err().startsWith("chaku: --draft " + other), ran.err());
        assertTrue(ran.err().contains("token 300"), ran.err());
    }

    @Test
    void benchComparesWithAndWithout() throws IOException {
        Cli.Ran ran = Cli.run(
                "bench",
                "--model",
                Cli.base(folder),
                "--train-tokens",
                0,
                "--prompt-tokens",
                60,
                "--gen-tokens",
                40,
                "--lookup",
                "--json");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.json().get("drafts").get("speedup").asDouble() > 0, ran.out());
        assertFalse(ran.json().get("drafts").get("drafted_tokens").isNull());
    }
}
