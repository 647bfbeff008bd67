package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a chat template takes the arguments of a tool's call: most want an object, which they write as JSON themselves;
 * some join the arguments into the text and so want JSON as a text. Which of the two is found by trying.
 */
final class ToolArguments {
    private static final String PROBE = "chaku_probe";
    /** How Python writes an object that was meant to be a text. */
    private static final String MISTAKEN = "'" + PROBE + "'";

    private ToolArguments() {}

    /** Whether the template writes arguments that are given as a text, and fails with an object. */
    static boolean areText(ChatRenderer renderer) {
        String object = written(renderer, Map.of(PROBE, "x"));
        boolean takesObject = object.contains(PROBE) && !object.contains(MISTAKEN);
        return !takesObject && written(renderer, "{\"" + PROBE + "\": \"x\"}").contains(PROBE);
    }

    /** The text with a call of these arguments, or empty if the template refuses it. */
    private static String written(ChatRenderer renderer, Object arguments) {
        Map<String, Object> function = Map.of("name", "f", "arguments", arguments);
        Map<String, Object> call = Map.of("type", "function", "id", "abcdefghi", "function", function);
        List<Map<String, Object>> messages = List.of(
                Map.of("role", "user", "content", "x"),
                Map.of("role", "assistant", "content", "", "tool_calls", List.of(call)));
        try {
            return renderer.render(messages, List.of(), false);
        } catch (BadInputException e) {
            return "";
        }
    }

    /** The messages with arguments as JSON texts; the same list if no tool is called. */
    static List<Map<String, Object>> asText(List<Map<String, Object>> messages) {
        if (messages.stream().noneMatch(message -> message.containsKey("tool_calls"))) {
            return messages;
        }
        List<Map<String, Object>> texts = new ArrayList<>();
        for (Map<String, Object> message : messages) {
            Map<String, Object> copy = new LinkedHashMap<>(message);
            if (message.get("tool_calls") instanceof List<?> calls) {
                copy.put(
                        "tool_calls",
                        calls.stream().map(ToolArguments::withText).toList());
            }
            texts.add(copy);
        }
        return texts;
    }

    private static Object withText(Object call) {
        if (!(call instanceof Map<?, ?> outer)
                || !(outer.get("function") instanceof Map<?, ?> function)
                || !(function.get("arguments") instanceof Map<?, ?> arguments)) {
            return call;
        }
        Map<Object, Object> inner = new LinkedHashMap<>(function);
        inner.put("arguments", JsonLines.text(arguments));
        Map<Object, Object> copy = new LinkedHashMap<>(outer);
        copy.put("function", inner);
        return copy;
    }
}
