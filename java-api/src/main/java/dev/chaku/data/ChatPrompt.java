package dev.chaku.data;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Conversations that a model is to go on with, checked before a chat template writes them. */
final class ChatPrompt {
    private ChatPrompt() {}

    /**
     * The messages as a template takes them: copied, without keys that have null, as those of training data are.
     *
     * @param messages each with a role, and with content or calls of tools; the template knows which roles there are
     * @throws BadInputException if one has neither, or half a character; the message names it
     */
    static List<Map<String, Object>> of(List<? extends Map<String, ?>> messages) {
        Objects.requireNonNull(messages, "messages");
        List<Map<String, Object>> checked = new ArrayList<>(messages.size());
        for (Map<String, ?> message : messages) {
            checked.add(checked(message, "messages[" + checked.size() + "]"));
        }
        return checked;
    }

    @SuppressWarnings("unchecked") // A copy has strings for keys.
    private static Map<String, Object> checked(Map<String, ?> message, String where) {
        if (message == null) {
            throw new BadInputException(where + ": expected a message, found null");
        }
        try {
            Map<String, Object> copy = (Map<String, Object>) PlainValue.copy(message, where);
            if (!(copy.get("role") instanceof String role) || role.isEmpty()) {
                throw new RecordFault(where + ": expected a role, found " + Fields.found(copy, "role"));
            }
            Object content = copy.get("content");
            boolean calls = copy.get("tool_calls") instanceof List<?> list && !list.isEmpty()
                    || copy.containsKey("function_call");
            if (!(content instanceof String || content instanceof List<?> || content == null && calls)) {
                throw new RecordFault(
                        where + ": expected a string or parts as content, found " + Fields.found(copy, "content"));
            }
            return copy;
        } catch (RecordFault fault) {
            throw new BadInputException(fault.getMessage(), fault);
        }
    }

    /**
     * The text as it is.
     *
     * @throws BadInputException if it has half a character, for which there are no tokens
     */
    static String text(String text) {
        try {
            return PlainValue.whole(Objects.requireNonNull(text, "text"), "prompt");
        } catch (RecordFault fault) {
            throw new BadInputException(fault.getMessage(), fault);
        }
    }
}
