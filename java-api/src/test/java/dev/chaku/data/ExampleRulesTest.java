package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Examples made in memory are checked as those of files are. */
class ExampleRulesTest {
    private static final Map<String, Object> ASKED = Map.of("role", "user", "content", "q");
    private static final Map<String, Object> ANSWER = Map.of("role", "assistant", "content", "a");

    private static void refused(String expected, Executable making) {
        assertEquals(
                "row 7: " + expected,
                assertThrows(BadInputException.class, making).getMessage());
    }

    private static Example.Chat chat(List<Map<String, Object>> messages) {
        return Example.Chat.of("row 7", messages, List.of());
    }

    @Test
    void aMessageHasARoleAndContent() {
        refused(
                "messages[1]: expected a string as content, found none",
                () -> chat(List.of(ASKED, Map.of("role", "assistant"))));
        refused(
                "messages[1]: expected a string as content, found none",
                () -> chat(List.of(ASKED, Map.of("role", "assistant", "tool_calls", List.of()))));
        refused(
                "messages[0]: expected a role of [assistant, developer, function, system, tool, user], found none",
                () -> chat(List.of(Map.of("content", "q"), ANSWER)));
        refused(
                "messages[0]: expected a role of [assistant, developer, function, system, tool, user], found boss",
                () -> chat(List.of(Map.of("role", "boss", "content", "q"), ANSWER)));
        refused(
                "messages[1]: expected a string as content, found a number",
                () -> chat(List.of(ASKED, Map.of("role", "assistant", "content", 3))));
        refused("expected at least one message of the assistant, found roles: user", () -> chat(List.of(ASKED)));
        refused("expected at least one message of the assistant, found roles: none", () -> chat(List.of()));
        refused("messages[0]: expected a message, found null", () -> chat(Arrays.asList(null, ANSWER)));
        refused(
                "chosen[0]: expected a string as content, found none",
                () -> new Example.Preference(
                        "row 7", List.of(ASKED), List.of(Map.of("role", "assistant")), List.of(ANSWER), List.of()));
        refused(
                "expected at least one message as 'answer', found none",
                () -> new Example.Labelled("row 7", List.of(ASKED), List.of(), true, List.of()));
    }

    @Test
    void weightsAreOneForEachMessageAndNumbers() {
        List<Map<String, Object>> messages = List.of(ASKED, ANSWER);
        refused(
                "expected one weight for each message, 2, found 0",
                () -> new Example.Chat("row 7", messages, List.of(), List.of()));
        refused(
                "weights[1]: expected a number of at least 0, found NaN",
                () -> new Example.Chat("row 7", messages, List.of(0f, Float.NaN), List.of()));
        refused(
                "weights[0]: expected a number of at least 0, found null",
                () -> new Example.Chat("row 7", messages, Arrays.asList(null, 1f), List.of()));
        refused(
                "expected one weight for each token, 2, found 1",
                () -> new Example.Tokens("row 7", List.of(1, 2), List.of(1f)));
    }

    @Test
    void halfACharacterIsRefused() {
        String half = "a\ud83d";
        String found = ": expected whole characters, found half of one (the lone surrogate U+D83D) after 1 characters";
        refused("text" + found, () -> new Example.Text("row 7", half));
        refused("completion" + found, () -> new Example.PromptCompletion("row 7", "q", half));
        refused("messages[0].content" + found, () -> chat(List.of(Map.of("role", "user", "content", half), ANSWER)));
        refused(
                "tools[0].name" + found,
                () -> Example.Chat.of("row 7", List.of(ASKED, ANSWER), List.of(Map.of("name", half))));
    }

    @Test
    void nullIsRefusedByName() {
        named("source", () -> new Example.Text(null, "t"));
        named("text", () -> new Example.Text("row 7", null));
        named("prompt", () -> new Example.PromptCompletion("row 7", null, "c"));
        named("completion", () -> new Example.PromptCompletion("row 7", "p", null));
        named("messages", () -> new Example.Chat("row 7", null, List.of(), List.of()));
        named("weights", () -> new Example.Chat("row 7", List.of(ANSWER), null, List.of()));
        named("tools", () -> new Example.Chat("row 7", List.of(ANSWER), List.of(1f), null));
        named("messages", () -> Example.Chat.of("row 7", null, List.of()));
        named("ids", () -> new Example.Tokens("row 7", null, List.of()));
        named("rejected", () -> new Example.Preference("row 7", List.of(ASKED), List.of(ANSWER), null, List.of()));
    }

    @Test
    void everyEntranceRefusesNullByName() {
        Dataset.Options options = Dataset.Options.defaults();
        named("file", () -> Dataset.read(null));
        named("files", () -> Dataset.read(null, options));
        named("options", () -> Dataset.read(List.of(), null));
        named("examples", () -> Dataset.of(null));
        named("parts", () -> Dataset.mix(null, 1));
        named("data", () -> new Dataset.Part(null, 1));
        named("columns", () -> options.withColumns(null));
        named("columns", () -> new ColumnMap(null));
        named("text", () -> ColumnMap.parse(null));
        named("name", () -> DataFormat.parse(null));
        named("sink", () -> DataRecords.read(List.of(), options, null));
        named("target", () -> new Conversion(null));
        named("tokenizer", () -> new PromptEncoder(null));
    }

    private static void named(String name, Executable making) {
        assertEquals(name, assertThrows(NullPointerException.class, making).getMessage());
    }

    @Test
    void nestedMapsAreCopied() {
        Map<String, Object> function = new HashMap<>(Map.of("name", "f", "arguments", new HashMap<>(Map.of("x", 1))));
        Map<String, Object> call =
                new HashMap<>(Map.of("role", "assistant", "tool_calls", List.of(Map.of("function", function))));
        List<Object> tools = new ArrayList<>(List.of(new HashMap<>(Map.of("name", "f"))));
        Example.Chat chat = Example.Chat.of("row 7", List.of(ASKED, call), tools);
        String before = chat.toString();
        function.put("name", "g");
        ((Map<?, ?>) tools.get(0)).clear();
        call.clear();
        assertEquals(before, chat.toString());
        assertEquals("", chat.messages().get(1).get("content"));
        assertThrows(
                UnsupportedOperationException.class,
                () -> chat.messages().get(0).put("content", "other"));
    }

    @Test
    void aFaultInARowOfAFileIsAFaultOfItsLine() {
        Map<String, Object> record = Map.of("instruction", "i", "input", "\ud83d", "output", "o");
        String message = assertThrows(RecordFault.class, () -> RecordReader.read(record, null, ColumnMap.NONE, "f:1"))
                .getMessage();
        assertEquals(
                "messages[0].content: expected whole characters, found half of one (the lone surrogate U+D83D) after 3 characters",
                message);
    }
}
