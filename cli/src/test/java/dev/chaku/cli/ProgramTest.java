package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgramTest {
    /** A shell that reads what is written gets the words back. */
    @Test
    void wordsAreQuotedForTheShell() throws Exception {
        for (String word :
                List.of("runs/1", "my data.jsonl", "it's", "$HOME", "a\"b", "`x`", "籠.gguf", "", "--a=b", "*")) {
            Process shell = new ProcessBuilder("sh", "-c", "printf %s " + Program.quoted(word)).start();
            assertEquals(word, new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        }
        assertEquals(
                "chaku generate --model m.gguf --prompt 'a b'",
                Program.command("generate", "--model", "m.gguf", "--prompt", "a b"));
    }

    @Test
    void examplesOfTheHelpAreNamed() {
        String[] footer = {"Examples:", "  chaku train", "chaku is a word"};
        assertArrayEquals(footer, Program.named(footer));
    }
}
