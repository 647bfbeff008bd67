package dev.chaku.internal.chat;

import dev.chaku.chat.Message;
import dev.chaku.chat.Tool;
import dev.chaku.chat.ToolCall;
import dev.chaku.internal.json.JsonText;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Messages as chat templates take them. What a template does not write by itself stands in the content of messages, in
 * the notation of its family.
 */
public final class PromptWriter {
    private PromptWriter() {}

    /** Descriptions of tools as templates take them. */
    public static List<Object> described(List<Tool> tools) {
        List<Object> all = new ArrayList<>();
        for (Tool tool : tools) {
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", tool.name());
            function.put("description", tool.description());
            function.put("parameters", plain(tool.schemaValues()));
            Map<String, Object> outer = new LinkedHashMap<>();
            outer.put("type", "function");
            outer.put("function", function);
            all.add(outer);
        }
        return all;
    }

    /** The tools that the template is to be given: none where it would not write them. */
    public static List<Object> toolsFor(ReplyFormat format, List<Tool> tools) {
        return format.traits().writesTools() ? described(tools) : List.of();
    }

    /** The messages for a template. */
    public static List<Map<String, Object>> messages(ReplyFormat format, List<Message> messages, List<Tool> tools) {
        List<Map<String, Object>> all = new ArrayList<>();
        StringBuilder system = new StringBuilder();
        int from = 0;
        while (from < messages.size() && messages.get(from) instanceof Message.System first) {
            system.append(system.isEmpty() ? "" : "\n\n").append(first.text());
            from++;
        }
        if (!tools.isEmpty() && !format.traits().writesTools()) {
            system.append(system.isEmpty() ? "" : "\n\n").append(instructions(format, tools));
        }
        String before = "";
        if (!system.isEmpty()) {
            if (format.traits().writesSystem()) {
                all.add(message("system", system.toString()));
            } else {
                before = system + "\n\n";
            }
        }
        for (Message message : messages.subList(from, messages.size())) {
            Map<String, Object> written = written(format, message);
            if (!before.isEmpty() && message instanceof Message.User user) {
                written = message("user", before + user.text());
                before = "";
            }
            join(all, written, message);
        }
        return all;
    }

    /** Results that stand in users' messages are one message, as such templates want users and assistants in turn. */
    private static void join(List<Map<String, Object>> all, Map<String, Object> written, Message message) {
        Map<String, Object> last = all.isEmpty() ? Map.of() : all.get(all.size() - 1);
        boolean inUser = message instanceof Message.ToolResult && "user".equals(written.get("role"));
        if (inUser && "user".equals(last.get("role"))) {
            all.set(all.size() - 1, message("user", last.get("content") + "\n" + written.get("content")));
        } else {
            all.add(written);
        }
    }

    private static Map<String, Object> written(ReplyFormat format, Message message) {
        if (message instanceof Message.Assistant assistant) {
            return assistant(format, assistant);
        } else if (message instanceof Message.ToolResult result) {
            if (!format.traits().writesResults()) {
                return message("user", "<tool_response>\n" + result.text() + "\n</tool_response>");
            }
            Map<String, Object> written = message("tool", result.text());
            written.put("tool_call_id", result.callId());
            written.put("name", result.name());
            return written;
        }
        return message(message instanceof Message.System ? "system" : "user", message.text());
    }

    private static Map<String, Object> assistant(ReplyFormat format, Message.Assistant assistant) {
        List<ToolCall> calls = assistant.calls();
        boolean inContent = !calls.isEmpty() && !format.traits().writesCalls();
        String gap = assistant.text().isEmpty() || !inContent ? "" : "\n";
        Map<String, Object> written = message(
                "assistant",
                assistant.text() + (inContent ? gap + format.family().write(calls) : ""));
        if (!assistant.reasoning().isEmpty()) {
            written.put("reasoning_content", assistant.reasoning());
        }
        if (!calls.isEmpty() && !inContent) {
            written.put("tool_calls", calls.stream().map(PromptWriter::call).toList());
        }
        return written;
    }

    private static Map<String, Object> call(ToolCall call) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", call.name());
        function.put("arguments", plain(call.values()));
        Map<String, Object> written = new LinkedHashMap<>();
        written.put("id", call.id());
        written.put("type", "function");
        written.put("function", function);
        return written;
    }

    private static Map<String, Object> message(String role, String content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    private static String instructions(ReplyFormat format, List<Tool> tools) {
        StringBuilder text = new StringBuilder("You may call these tools, each described in JSON:\n");
        described(tools).forEach(tool -> text.append(JsonText.of(tool)).append('\n'));
        ToolCall example = new ToolCall("abcdefghi", "NAME", "{\"ARGUMENT\": \"VALUE\"}");
        return text.append("\nTo call one, write exactly this:\n")
                .append(format.family().write(List.of(example)))
                .toString();
    }

    /** Numbers as templates write them: whole ones without a fraction. */
    private static @Nullable Object plain(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
            map.forEach((key, each) -> copy.put(key, plain(each)));
            return copy;
        } else if (value instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>();
            list.forEach(each -> copy.add(plain(each)));
            return copy;
        } else if (value instanceof BigDecimal number) {
            return number.scale() <= 0 ? (Object) number.toBigInteger() : (Object) number.doubleValue();
        }
        return value;
    }
}
