package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.internal.io.JsonValues;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordReaderTest {
    private static final Map<String, Object> ASKED = Map.of("role", "user", "content", "q");
    private static final Map<String, Object> GOOD = Map.of("role", "assistant", "content", "good");
    private static final Map<String, Object> POOR = Map.of("role", "assistant", "content", "poor");

    private static List<Example> read(String json) throws IOException, RecordFault {
        return RecordReader.read(JsonValues.parse(json), null, ColumnMap.NONE, "f:1");
    }

    private static String fault(String json) {
        return assertThrows(RecordFault.class, () -> read(json)).getMessage();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'prompt': 'q', 'chosen': 'good', 'rejected': 'poor'}",
                "{'prompt': [{'role': 'user', 'content': 'q'}], 'chosen': [{'role': 'assistant', 'content': 'good'}],"
                        + " 'rejected': [{'role': 'assistant', 'content': 'poor'}]}",
                "{'conversations': [{'from': 'human', 'value': 'q'}], 'chosen': {'from': 'gpt', 'value': 'good'},"
                        + " 'rejected': {'from': 'gpt', 'value': 'poor'}}",
                "{'input': {'messages': [{'role': 'user', 'content': 'q'}]},"
                        + " 'preferred_output': [{'role': 'assistant', 'content': 'good'}],"
                        + " 'non_preferred_output': [{'role': 'assistant', 'content': 'poor'}]}",
                "{'chosen': [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'good'}],"
                        + " 'rejected': [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'poor'}]}",
                "{'instruction': 'q', 'chosen': 'good', 'rejected': 'poor'}",
            })
    void readsPreferencesOfEveryDialect(String json) throws Exception {
        assertEquals(
                List.of(new Example.Preference("f:1", List.of(ASKED), List.of(GOOD), List.of(POOR), List.of())),
                read(json.replace('\'', '"')));
    }

    @Test
    void onlyTheAnswerOfAPreferenceCounts() {
        Example.Preference pair =
                new Example.Preference("f:1", List.of(ASKED, GOOD, ASKED), List.of(GOOD), List.of(POOR), List.of());
        assertEquals(List.of(0f, 0f, 0f, 1f), pair.chosenChat().weights());
        assertEquals(POOR, pair.rejectedChat().messages().get(3));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'messages': [{'role': 'user', 'content': 'q'}, {'role': 'assistant', 'content': 'good'}], 'label': true}",
                "{'prompt': 'q', 'completion': 'good', 'label': true}",
                "{'conversations': [{'from': 'human', 'value': 'q'}, {'from': 'gpt', 'value': 'good'}], 'kto_tag': true}",
            })
    void readsLabels(String json) throws Exception {
        assertEquals(
                List.of(new Example.Labelled("f:1", List.of(ASKED), List.of(GOOD), true, List.of())),
                read(json.replace('\'', '"')));
    }

    @Test
    void readsCallsOfTools() throws Exception {
        Example.Chat chat = (Example.Chat) read("""
                {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
                {"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function",
                "function": {"name": "f", "arguments": "{\\"x\\": 1}"}}]}, {"role": "tool", "content": "2"}],
                "tools": [{"name": "f"}]}""").get(0);
        assertEquals("ab", chat.messages().get(0).get("content"));
        assertEquals("", chat.messages().get(1).get("content"));
        assertTrue(chat.messages().get(1).get("tool_calls").toString().contains("arguments={x=1}"));
        assertEquals(List.of(Map.of("type", "function", "function", Map.of("name", "f"))), chat.tools());
    }

    @Test
    void readsInstancesChoicesAndLabelsOfText() throws Exception {
        assertEquals(
                2,
                read("{\"instruction\": \"i\", \"instances\": [{\"input\": \"\", \"output\": \"a\"}, {\"output\": \"b\"}]}")
                        .size());
        assertEquals(
                new Example.PromptCompletion("f:1", "q\n0. a\n1. b\n", "1. b", List.of("0. a", "1. b")),
                read("{\"question\": \"q\", \"choice0\": \"a\", \"choice1\": \"b\", \"label\": 1}")
                        .get(0));
        assertEquals(
                new Example.PromptCompletion("f:1", "t\n", "3"),
                read("{\"sentence\": \"t\", \"label\": 3}").get(0));
    }

    @Test
    void saysWhatIsWrong() {
        assertEquals(
                "messages[0]: expected parts with a text, found a part of type image_url",
                fault(
                        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\", \"image_url\": {}}]}]}"));
        assertEquals(
                "conversations[0]: expected JSON in the text, found other: unexpected 'nope' (texts stand in double quotes), at column 1",
                fault("{\"conversations\": [{\"from\": \"function_call\", \"value\": \"nope\"}]}"));
        assertEquals(
                "expected an array as 'rejected', found none in [prompt, chosen]",
                fault("{\"prompt\": \"q\", \"chosen\": \"good\"}"));
        assertEquals(
                "expected the index of one of 1 choices as 'label', found 4",
                fault("{\"question\": \"q\", \"choices\": [\"a\"], \"label\": 4}"));
    }

    @Test
    void readsTokensWithTheirLabels() throws Exception {
        assertEquals(
                new Example.Tokens("f:1", List.of(5, 6, 7), List.of(0f, 0f, 1f)),
                read("{\"input_ids\": [5, 6, 7, 0], \"labels\": [-100, -100, 7, -100], \"attention_mask\": [1, 1, 1, 0]}")
                        .get(0));
        assertEquals(
                "expected as many labels and mask values as the 2 input_ids, found others",
                fault("{\"input_ids\": [1, 2], \"labels\": [1]}"));
        assertEquals("input_ids[1]: expected a 32-bit integer, found 1.5", fault("{\"input_ids\": [1, 1.5]}"));
    }

    @Test
    void anEmptyTextIsAFault() {
        assertEquals("expected a text to train as 'text', found an empty one", fault("{\"text\": \"\"}"));
    }

    @Test
    void callsOfToolsAreObjects() {
        String message = "{\"messages\": [{\"role\": \"assistant\", \"content\": \"\", \"tool_calls\": %s}]}";
        assertEquals(
                "messages[0]: tool_calls[0]: expected an object, found null", fault(String.format(message, "[null]")));
        assertEquals(
                "messages[0]: expected an array as 'tool_calls', found a string",
                fault(String.format(message, "\"f\"")));
    }
}
