package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Under which key a chat template takes what the assistant thought before it answered. Data sets write it under
 * several, and a template reads its own alone; which that is, is found by trying.
 */
final class ReasoningKey {
    /** The names that data sets and templates use. */
    static final List<String> ALL = List.of("reasoning_content", "reasoning", "thinking");

    private static final String PROBE = "chaku_probe";

    private ReasoningKey() {}

    /** The keys under which the template writes a thought; empty if it writes none. */
    static List<String> readBy(ChatRenderer renderer) {
        return ALL.stream().filter(key -> isRead(renderer, key)).toList();
    }

    private static boolean isRead(ChatRenderer renderer, String key) {
        List<Map<String, Object>> messages = List.of(
                Map.of("role", "user", "content", "x"), Map.of("role", "assistant", "content", "x", key, PROBE));
        try {
            return renderer.render(messages, List.of(), false).contains(PROBE);
        } catch (BadInputException e) {
            return false;
        }
    }

    /** The messages with thoughts under a key that is read; the same list if they are so already. */
    static List<Map<String, Object>> under(List<String> read, List<Map<String, Object>> messages) {
        if (read.isEmpty() || messages.stream().noneMatch(message -> isElsewhere(read, message))) {
            return messages;
        }
        List<Map<String, Object>> moved = new ArrayList<>();
        for (Map<String, Object> message : messages) {
            Map<String, Object> copy = new LinkedHashMap<>();
            boolean elsewhere = isElsewhere(read, message);
            message.forEach((key, value) -> copy.put(elsewhere && ALL.contains(key) ? read.get(0) : key, value));
            moved.add(copy);
        }
        return moved;
    }

    private static boolean isElsewhere(List<String> read, Map<String, Object> message) {
        return read.stream().noneMatch(message::containsKey) && ALL.stream().anyMatch(message::containsKey);
    }
}
