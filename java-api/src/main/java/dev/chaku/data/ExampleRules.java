package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What holds of every example, whether a file or a program made it. */
final class ExampleRules {
    private interface Rule<T> {
        T apply() throws RecordFault;
    }

    private ExampleRules() {}

    /** A fault as callers of the library get it; {@link RecordReader} takes the cause. */
    private static <T> T checked(String source, Rule<T> rule) {
        Objects.requireNonNull(source, "source");
        try {
            return rule.apply();
        } catch (RecordFault fault) {
            throw new BadInputException(source + ": " + fault.getMessage(), fault);
        }
    }

    static void text(String source, String name, String text) {
        Objects.requireNonNull(text, name);
        checked(source, () -> PlainValue.whole(text, name));
    }

    static List<Map<String, Object>> messages(String source, String name, List<Map<String, Object>> messages) {
        Objects.requireNonNull(messages, name);
        return checked(source, () -> Messages.checked(messages, name));
    }

    /** Messages of which the assistant wrote at least one. */
    static List<Map<String, Object>> conversation(String source, List<Map<String, Object>> messages) {
        List<Map<String, Object>> checked = messages(source, "messages", messages);
        return checked(source, () -> {
            Messages.requireAssistant(checked);
            return checked;
        });
    }

    /** Messages that are at least one. */
    static List<Map<String, Object>> answer(String source, String name, List<Map<String, Object>> messages) {
        List<Map<String, Object>> checked = messages(source, name, messages);
        if (checked.isEmpty()) {
            throw new BadInputException(source + ": expected at least one message as '" + name + "', found none");
        }
        return checked;
    }

    static List<Object> tools(String source, List<Object> tools) {
        Objects.requireNonNull(tools, "tools");
        return checked(source, () -> {
            List<Object> checked = new ArrayList<>(tools.size());
            for (Object tool : tools) {
                if (tool == null) {
                    throw new RecordFault(
                            "tools[" + checked.size() + "]: expected the description of a function, found null");
                }
                checked.add(PlainValue.copy(tool, "tools[" + checked.size() + "]"));
            }
            return List.copyOf(checked);
        });
    }

    /** @param each what has a weight, in a word */
    static List<Float> weights(String source, List<Float> weights, int n, String each) {
        Objects.requireNonNull(weights, "weights");
        return checked(source, () -> {
            if (weights.size() != n) {
                throw new RecordFault("expected one weight for each " + each + ", " + n + ", found " + weights.size());
            }
            for (int i = 0; i < n; i++) {
                Float weight = weights.get(i);
                if (weight == null || !(weight >= 0) || Float.isInfinite(weight)) {
                    throw new RecordFault("weights[" + i + "]: expected a number of at least 0, found " + weight);
                }
            }
            return List.copyOf(weights);
        });
    }

    /** The weights of a conversation whose messages may carry flags. */
    static List<Float> weights(String source, List<Map<String, Object>> messages) {
        Objects.requireNonNull(messages, "messages");
        return checked(source, () -> {
            List<Float> weights = new ArrayList<>(messages.size());
            for (Map<String, Object> message : messages) {
                boolean assistant = message != null && "assistant".equals(message.get("role"));
                weights.add(assistant ? TurnFlags.weight(message, "messages[" + weights.size() + "]") : 0f);
            }
            return weights;
        });
    }
}
