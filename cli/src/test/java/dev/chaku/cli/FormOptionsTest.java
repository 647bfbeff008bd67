package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers of a form on the command line. */
class FormOptionsTest {
    @TempDir
    Path folder;

    private Cli.Ran generate(Object option, Object value, Object... more) throws IOException {
        Object[] line = new Object[8 + more.length];
        Object[] first = {"generate", "--model", Cli.base(folder), "--prompt", "x", option, value, "--json"};
        System.arraycopy(first, 0, line, 0, first.length);
        System.arraycopy(more, 0, line, first.length, more.length);
        return Cli.run(line);
    }

    @Test
    void theAnswerHasTheForm() throws IOException {
        Path schema = Files.writeString(
                folder.resolve("s.json"),
                "{\"type\":\"array\",\"items\":{\"enum\":[1,2]},\"minItems\":2,\"maxItems\":3}");
        JsonNode json = generate("--json-schema", schema).json();
        assertEquals(true, json.get("form_complete").asBoolean(), json.toString());
        assertTrue(new ObjectMapper().readTree(json.get("text").asText()).size() >= 2, json.toString());
        JsonNode choices = generate("--choices", "yes,no").json();
        assertEquals(2, choices.get("choices").size(), choices.toString());
        Cli.Ran cut = generate("--regex", "[a-z]{50}", "--max-tokens", 3);
        assertEquals(false, cut.json().get("form_complete").asBoolean());
        assertTrue(cut.err().contains("has not the form"), cut.err());
        JsonNode closed = generate("--regex", "[a-z]*!", "--max-tokens", 3, "--close-form")
                .json();
        assertEquals(true, closed.get("form_complete").asBoolean(), closed.toString());
        assertTrue(closed.get("text").asText().endsWith("!"), closed.toString());
    }

    @Test
    void whatIsWrongNamesTheFile() throws IOException {
        Path grammar = Files.writeString(folder.resolve("g.gbnf"), "root ::= (\n");
        Cli.Ran ran = generate("--grammar", grammar);
        assertEquals(3, ran.code());
        assertTrue(
                ran.err().startsWith("chaku: " + grammar + ": line 2, column 1: expected ) after a group"), ran.err());
        Path schema = Files.writeString(folder.resolve("u.json"), "{\"uniqueItems\":true}");
        assertTrue(generate("--json-schema", schema).err().startsWith("chaku: " + schema + ": /uniqueItems asks"));
        assertTrue(generate("--regex", "(").err().startsWith("chaku: --regex: line 1, column 2: expected )"));
    }
}
