package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a chat template takes the content of a message: nearly all take a text, some of models that also see take a list
 * of typed parts alone, and write nothing of a text or fail. Which of the two is found by trying.
 */
final class ContentParts {
    private static final String PROBE = "chaku_probe";

    private ContentParts() {}

    /** Whether the template writes content that is given as parts, and not as a text. */
    static boolean areWanted(ChatRenderer renderer) {
        List<Map<String, Object>> texts =
                List.of(Map.of("role", "user", "content", PROBE), Map.of("role", "assistant", "content", PROBE));
        return !isWritten(renderer, texts) && isWritten(renderer, of(texts));
    }

    private static boolean isWritten(ChatRenderer renderer, List<Map<String, Object>> messages) {
        try {
            return renderer.render(messages, List.of(), false).contains(PROBE);
        } catch (BadInputException e) {
            return false;
        }
    }

    /** The messages with texts as lists of one part. */
    static List<Map<String, Object>> of(List<Map<String, Object>> messages) {
        List<Map<String, Object>> parts = new ArrayList<>(messages.size());
        for (Map<String, Object> message : messages) {
            Map<String, Object> copy = new LinkedHashMap<>(message);
            if (message.get("content") instanceof String text) {
                copy.put("content", text.isEmpty() ? List.of() : List.of(Map.of("type", "text", "text", text)));
            }
            parts.add(copy);
        }
        return parts;
    }
}
