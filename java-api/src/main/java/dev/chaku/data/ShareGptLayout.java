package dev.chaku.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Conversations in ShareGPT's layout: {@code from} and {@code value}, calls of tools as JSON in the value. */
final class ShareGptLayout {
    private static final Set<String> KEPT = Set.of("role", "content", "tool_calls");

    private final List<String> lost;

    /** @param lost takes what the layout cannot say */
    ShareGptLayout(List<String> lost) {
        this.lost = lost;
    }

    Map<String, Object> record(Example.Chat chat) {
        Map<String, Object> record = new LinkedHashMap<>();
        List<Object> turns = new ArrayList<>();
        for (int i = 0; i < chat.messages().size(); i++) {
            Map<String, Object> turn = turn(chat.messages().get(i));
            if (chat.weights().get(i) != 1
                    && "assistant".equals(chat.messages().get(i).get("role"))) {
                turn.put("weight", chat.weights().get(i));
            }
            turns.add(turn);
        }
        record.put("conversations", turns);
        if (!chat.tools().isEmpty()) {
            record.put("tools", chat.tools());
        }
        return record;
    }

    private Map<String, Object> turn(Map<String, Object> message) {
        String role = String.valueOf(message.get("role"));
        String text = Conversion.content(message);
        if (!KEPT.containsAll(message.keySet())) {
            once("fields of messages beside role, content and calls of tools");
        }
        Map<String, Object> turn = new LinkedHashMap<>();
        if (message.get("tool_calls") instanceof List<?> calls && !calls.isEmpty()) {
            if (!text.isEmpty()) {
                once("text beside calls of tools");
            }
            turn.put("from", "function_call");
            turn.put("value", JsonLines.text(functions(calls)));
            return turn;
        }
        turn.put("from", sender(role));
        turn.put("value", text);
        return turn;
    }

    /** Calls without their envelope; one call by itself, as the layout has it. */
    private Object functions(List<?> calls) {
        List<Object> functions = new ArrayList<>();
        for (Object call : calls) {
            if (call instanceof Map<?, ?> outer && outer.get("function") instanceof Map<?, ?> function) {
                functions.add(function);
                if (outer.containsKey("id")) {
                    once("ids of calls");
                }
            } else {
                functions.add(call);
            }
        }
        return functions.size() == 1 ? functions.get(0) : functions;
    }

    private String sender(String role) {
        return switch (role) {
            case "user" -> "human";
            case "assistant" -> "gpt";
            case "system" -> "system";
            case "tool" -> "observation";
            default -> {
                once("the role " + role);
                yield role.equals("developer") ? "system" : "observation";
            }
        };
    }

    private void once(String what) {
        if (!lost.contains(what)) {
            lost.add(what);
        }
    }
}
