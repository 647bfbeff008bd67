package dev.chaku.data;

import dev.chaku.internal.io.JsonValues;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Messages of every dialect to maps with role, content and, for calls of tools, tool_calls. */
final class Messages {
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool", "function");
    private static final Map<String, String> SENDERS = Map.ofEntries(
            Map.entry("human", "user"),
            Map.entry("user", "user"),
            Map.entry("gpt", "assistant"),
            Map.entry("assistant", "assistant"),
            Map.entry("chatgpt", "assistant"),
            Map.entry("model", "assistant"),
            Map.entry("bot", "assistant"),
            Map.entry("agent", "assistant"),
            Map.entry("function_call", "assistant"),
            Map.entry("system", "system"),
            Map.entry("observation", "tool"),
            Map.entry("tool", "tool"));

    private final List<Map<String, Object>> messages = new ArrayList<>();
    private final List<Float> weights = new ArrayList<>();

    private Messages() {}

    List<Map<String, Object>> list() {
        return messages;
    }

    List<Float> weights() {
        return weights;
    }

    /** Reads the array of messages under a key, in OpenAI's or ShareGPT's spelling. */
    static Messages of(Map<?, ?> record, String key) throws RecordFault {
        Messages read = new Messages();
        List<Map<?, ?>> entries = Fields.objects(record, key);
        String system = Fields.textOrEmpty(record, "system");
        if (!system.isEmpty()
                && (entries.isEmpty() || !"system".equals(entries.get(0).get("role")))) {
            read.add(message("system", system), 0);
        }
        int n = 0;
        for (Map<?, ?> entry : entries) {
            read.add(entry, key + "[" + n++ + "]");
        }
        return read;
    }

    /** An answer: a string, one message or several. */
    static List<Map<String, Object>> answer(Map<?, ?> record, String key) throws RecordFault {
        Object value = record.get(key);
        if (value instanceof String text) {
            return List.of(message("assistant", text));
        }
        Messages read = new Messages();
        if (value instanceof Map<?, ?> entry) {
            read.add(entry, key);
        } else {
            int n = 0;
            for (Map<?, ?> entry : Fields.objects(record, key)) {
                read.add(entry, key + "[" + n++ + "]");
            }
        }
        if (read.messages.isEmpty()) {
            throw new RecordFault("expected at least one message as '" + key + "', found none");
        }
        return read.messages;
    }

    static Map<String, Object> message(String role, String content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    static void requireAssistant(List<Map<String, Object>> messages) throws RecordFault {
        if (messages.stream().noneMatch(m -> m.get("role").equals("assistant"))) {
            String roles = messages.stream().map(m -> m.get("role").toString()).collect(Collectors.joining(", "));
            throw new RecordFault("expected at least one message of the assistant, found roles: "
                    + (roles.isEmpty() ? "none" : roles));
        }
    }

    /** Descriptions of functions: an array, or a text that holds one; each in OpenAI's envelope. */
    static List<Object> tools(Map<?, ?> record) throws RecordFault {
        Object value = record.get("tools");
        if (value instanceof String text) {
            value = text.isBlank() ? null : PlainValue.withoutNulls(parsed(text, "tools"));
        }
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw new RecordFault("expected an array as 'tools', found " + Fields.kind(value));
        }
        List<Object> tools = new ArrayList<>();
        for (Object tool : list) {
            if (tool == null) {
                throw new RecordFault(
                        "tools[" + tools.size() + "]: expected the description of a function, found null");
            }
            boolean bare = tool instanceof Map<?, ?> map && map.containsKey("name") && !map.containsKey("function");
            tools.add(bare ? envelope(tool) : tool);
        }
        return tools;
    }

    private void add(Map<String, Object> message, float weight) {
        messages.add(message);
        weights.add(weight);
    }

    private void add(Map<?, ?> entry, String where) throws RecordFault {
        boolean named = entry.containsKey("from") || entry.containsKey("name") && !entry.containsKey("role");
        Map<String, Object> message = named ? sent(entry, where) : spoken(entry, where);
        boolean assistant = message.get("role").equals("assistant");
        float weight = assistant ? TurnFlags.weight(message, where) : 0;
        TurnFlags.remove(message, assistant);
        add(message, weight);
    }

    /** A message in ShareGPT's spelling; what else it carries stays beside role and content. */
    private static Map<String, Object> sent(Map<?, ?> entry, String where) throws RecordFault {
        String senderKey = Fields.firstKey(entry, "from", "name");
        String sender = String.valueOf(entry.get(senderKey));
        String role = SENDERS.get(sender);
        if (role == null) {
            throw new RecordFault(where + ": expected a sender of "
                    + SENDERS.keySet().stream().sorted().toList() + ", found " + sender);
        }
        String textKey = Fields.firstKey(entry, "value", "text", "content");
        String text = inside(where, () -> Fields.text(entry, textKey));
        Map<String, Object> message = message(role, text);
        if (sender.equals("function_call")) {
            message.put("content", "");
            message.put("tool_calls", calls(text, where));
        }
        entry.forEach((key, value) -> {
            if (!key.equals(senderKey) && !key.equals(textKey)) {
                message.putIfAbsent(key.toString(), value);
            }
        });
        return message;
    }

    /** A message in OpenAI's spelling. */
    private static Map<String, Object> spoken(Map<?, ?> entry, String where) throws RecordFault {
        if (!(entry.get("role") instanceof String role) || !ROLES.contains(role)) {
            throw new RecordFault(
                    where + ": expected a role of " + ROLES.stream().sorted().toList() + ", found "
                            + (entry.get("role") == null ? "none" : entry.get("role")));
        }
        Map<String, Object> message = new LinkedHashMap<>();
        entry.forEach((key, value) -> message.put(key.toString(), value));
        message.put("content", content(entry, where));
        if (entry.get("tool_calls") != null) {
            List<Object> calls = new ArrayList<>();
            for (Map<?, ?> call : inside(where, () -> Fields.objects(entry, "tool_calls"))) {
                calls.add(withArgumentMap(call));
            }
            message.put("tool_calls", calls);
        }
        return message;
    }

    private interface Reading<T> {
        T read() throws RecordFault;
    }

    /** Reads something of a message, whose place a fault then names. */
    private static <T> T inside(String where, Reading<T> reading) throws RecordFault {
        try {
            return reading.read();
        } catch (RecordFault fault) {
            throw new RecordFault(where + ": " + fault.getMessage());
        }
    }

    /**
     * Messages made in memory as those of files are read: copied at any depth, with a role and content that are known.
     *
     * @param where they stand, for messages: {@code messages}
     */
    static List<Map<String, Object>> checked(List<? extends Map<String, ?>> given, String where) throws RecordFault {
        List<Map<String, Object>> checked = new ArrayList<>(given.size());
        for (Map<String, ?> message : given) {
            String place = where + "[" + checked.size() + "]";
            if (message == null) {
                throw new RecordFault(place + ": expected a message, found null");
            }
            Map<String, Object> read = spoken((Map<?, ?>) PlainValue.copy(message, place), place);
            TurnFlags.remove(read, read.get("role").equals("assistant"));
            checked.add(Collections.unmodifiableMap(read));
        }
        return Collections.unmodifiableList(checked);
    }

    /** A string, or typed parts of which the texts are joined. A call of tools may have none. */
    private static String content(Map<?, ?> message, String where) throws RecordFault {
        Object content = message.get("content");
        if (content instanceof String text) {
            return text;
        }
        if (content instanceof List<?> parts) {
            StringBuilder joined = new StringBuilder();
            for (Object part : parts) {
                Object text = part instanceof Map<?, ?> map ? map.get(Fields.firstKey(map, "text", "value")) : part;
                if (!(text instanceof String string)) {
                    Object type = part instanceof Map<?, ?> map ? map.get("type") : null;
                    String found = type == null ? Fields.kind(part) : "a part of type " + type;
                    throw new RecordFault(where + ": expected parts with a text, found " + found);
                }
                joined.append(string);
            }
            return joined.toString();
        }
        if (content == null && callsTools(message)) {
            return "";
        }
        throw new RecordFault(
                where + ": expected a string as content, found " + (content == null ? "none" : Fields.kind(content)));
    }

    private static boolean callsTools(Map<?, ?> message) {
        return message.get("tool_calls") instanceof List<?> calls && !calls.isEmpty()
                || message.get("function_call") != null;
    }

    /** ShareGPT writes a call, or several, as JSON in the text. */
    private static List<Object> calls(String text, String where) throws RecordFault {
        Object value = parsed(text, where);
        List<?> calls = value instanceof List<?> list ? list : List.of(value == null ? "null" : value);
        List<Object> tools = new ArrayList<>();
        for (Object call : calls) {
            if (!(call instanceof Map<?, ?> map) || !(map.get("name") instanceof String)) {
                throw new RecordFault(where + ": expected a call with a name, found " + Fields.kind(call));
            }
            tools.add(withArgumentMap(envelope(call)));
        }
        return tools;
    }

    private static Map<String, Object> envelope(Object function) {
        Map<String, Object> envelope = new LinkedHashMap<>();
        envelope.put("type", "function");
        envelope.put("function", function);
        return envelope;
    }

    /** OpenAI writes the arguments as a text that holds an object; templates want the object. */
    private static Object withArgumentMap(Object call) {
        if (!(call instanceof Map<?, ?> outer)
                || !(outer.get("function") instanceof Map<?, ?> function)
                || !(function.get("arguments") instanceof String text)) {
            return call;
        }
        try {
            if (JsonValues.parse(text) instanceof Map<?, ?> arguments) {
                Map<Object, Object> inner = new LinkedHashMap<>(function);
                inner.put("arguments", arguments);
                Map<Object, Object> copy = new LinkedHashMap<>(outer);
                copy.put("function", inner);
                return copy;
            }
            return call;
        } catch (IOException e) {
            return call; // Arguments that are no JSON stay the text they are; the doctor points at them.
        }
    }

    private static @Nullable Object parsed(String text, String where) throws RecordFault {
        try {
            return JsonValues.parse(text);
        } catch (IOException e) {
            throw new RecordFault(where + ": expected JSON in the text, found other: " + JsonFault.describe(e));
        }
    }
}
