package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.data.Dataset;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/** Conversations that come from a pipe; a terminal's are the same but for the editing of lines. */
@ResourceLock(Resources.SYSTEM_PROPERTIES)
class ChatCommandTest {
    @TempDir
    Path folder;

    private Cli.Ran chat(String typed, Object... more) throws IOException {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8)));
        try {
            Object[] line = new Object[more.length + 7];
            Object[] begin = {"chat", "--model", Cli.base(folder), "--max-tokens", 6, "--temperature", 0};
            System.arraycopy(begin, 0, line, 0, 7);
            System.arraycopy(more, 0, line, 7, more.length);
            return Cli.run(line);
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void linesAreMessages() throws IOException {
        Cli.Ran ran = chat("Where does the cow live?\n\nAnd\\\nthe cat?\n", "--json");
        assertEquals(0, ran.code(), ran.err());
        assertEquals(4, ran.json().path("messages").size(), ran.out());
        assertEquals("And\nthe cat?", ran.json().at("/messages/2/content").asText());
        assertEquals("assistant", ran.json().at("/messages/3/role").asText());
        Cli.Ran plain = chat("Where does the cow live?\n");
        assertEquals(ran.json().at("/messages/1/content").asText(), plain.out().stripTrailing());
    }

    @Test
    void commandsDoWhatTheySay() throws IOException {
        Path file = folder.resolve("talk.jsonl");
        Cli.Ran ran = chat("/system Be brief.\nHello\n/undo\nHello there\n/regen\n/stats\n/save " + file
                + "\n/exit\nnever said\n");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.out().contains("3 messages; last answer:"), ran.out());
        assertEquals(1, Dataset.read(file).examples().size(), "a conversation is training data");
        Cli.Ran loaded = chat("/load " + file + "\nMore\n", "--json");
        assertEquals(5, loaded.json().path("messages").size(), loaded.out());
        assertEquals("Be brief.", loaded.json().at("/messages/0/content").asText());
        assertEquals("Hello there", loaded.json().at("/messages/1/content").asText());
        assertTrue(chat("/help\n").out().contains("/schema [FILE|off]"));
    }

    @Test
    void draftsChangeNoAnswer() throws IOException {
        String typed = "Where does the cow live?\nAnd the cat?\n";
        Cli.Ran plain = chat(typed);
        assertEquals(plain.out(), chat(typed, "--lookup").out());
        Cli.Ran drafted = chat(typed, "--draft", Cli.base(folder), "--draft-tokens", 3);
        assertEquals(0, drafted.code(), drafted.err());
        assertEquals(plain.out(), drafted.out());
    }

    @Test
    void answersHaveAForm() throws IOException {
        Path schema = Files.writeString(folder.resolve("s.json"), "{\"enum\":[1,2]}");
        Cli.Ran ran = chat("/schema " + schema + "\nWhich?\n");
        assertTrue(ran.out().strip().matches("[12]"), ran.out());
    }

    @Test
    void anAdapterIsPutOnAndOff() throws IOException {
        Path adapter = RandomAdapter.write(Cli.base(folder), folder.resolve("a.gguf"), 2, 1);
        Cli.Ran ran = chat("Hello\n/adapter " + adapter + "=8\n/regen\n/adapter off\n/regen\n");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.err().contains("wearing " + adapter), ran.err());
    }

    @Test
    void whatIsWrongEndsAPipeWithAnError() throws IOException {
        assertWrong("/nonsense\n", "/nonsense: expected one of /adapter");
        assertWrong("/undo\n", "/undo: expected a message to take back, found none");
        assertWrong("/regen\n", "conversation: expected an answer at its end, found none");
        assertWrong("/stats\n", "/stats: expected an answer, found none yet");
        assertWrong("/load\n", "/load: expected a file, found none");
        assertWrong("/load " + folder + "\n", folder + ": expected a file with a conversation, found a folder");
        assertWrong("/schema no.json\n", "no.json: expected a file with a JSON Schema, found none");
    }

    private void assertWrong(String typed, String message) throws IOException {
        Cli.Ran ran = chat(typed);
        assertEquals(3, ran.code(), ran.err());
        assertTrue(ran.err().contains(message), ran.err());
    }
}
