package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChatPromptTest {
    private static void refused(String expected, Map<String, Object> message) {
        List<Map<String, Object>> messages = Arrays.asList(Map.of("role", "system", "content", "s"), message);
        assertEquals(
                expected,
                assertThrows(BadInputException.class, () -> ChatPrompt.of(messages))
                        .getMessage());
    }

    @Test
    void messagesHaveARoleAndContent() {
        refused("messages[1]: expected a role, found none in [content]", Map.of("content", "x"));
        refused("messages[1]: expected a role, found a number", Map.of("role", 3, "content", "x"));
        refused("messages[1]: expected a string or parts as content, found none in [role]", Map.of("role", "user"));
        refused(
                "messages[1]: expected a string or parts as content, found a number",
                Map.of("role", "user", "content", 1));
        refused("messages[1]: expected a message, found null", null);
        refused(
                "messages[1].content: expected whole characters, found half of one (the lone surrogate U+D83D) after 0 characters",
                Map.of("role", "user", "content", "\ud83d"));
        assertEquals(
                "messages",
                assertThrows(NullPointerException.class, () -> ChatPrompt.of(null))
                        .getMessage());
        assertThrows(BadInputException.class, () -> ChatPrompt.text("a\ude00"));
        assertEquals("a\ud83d\ude00", ChatPrompt.text("a\ud83d\ude00"));
    }

    @Test
    void nullIsAbsentAndRolesAreTheTemplates() {
        Map<String, Object> call = new HashMap<>(Map.of("role", "ipython", "tool_calls", List.of(Map.of("name", "f"))));
        call.put("content", null);
        call.put("name", null);
        assertEquals(
                List.of(Map.of("role", "ipython", "tool_calls", List.of(Map.of("name", "f")))),
                ChatPrompt.of(List.of(call)));
    }
}
