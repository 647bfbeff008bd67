package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.data.ChatRenderer;
import dev.chaku.errors.BadInputException;
import java.util.List;
import java.util.Map;

/**
 * What a chat template writes by itself, found by trying.
 *
 * @param writesSystem whether it takes a system message
 * @param writesTools whether it tells the model of tools
 * @param writesCalls whether it writes the calls of an assistant's message
 * @param writesResults whether it writes results of tools
 */
record TemplateTraits(boolean writesSystem, boolean writesTools, boolean writesCalls, boolean writesResults) {
    private static final String PROBE = "chaku_probe";

    /** A tool to try with. */
    static final List<Tool> PROBE_TOOLS = List.of(
            new Tool(
                    PROBE,
                    "x",
                    "{\"type\":\"object\",\"properties\":{\"y\":{\"type\":\"string\",\"description\":\"x\"}},\"required\":[\"y\"]}"));

    static TemplateTraits of(ChatRenderer renderer) {
        Map<String, Object> user = Map.of("role", "user", "content", "x");
        Map<String, Object> function = Map.of("name", PROBE, "arguments", Map.of("y", "z"));
        Map<String, Object> call = Map.of(
                "role",
                "assistant",
                "content",
                "",
                "tool_calls",
                List.of(Map.of("type", "function", "id", "abcdefghi", "function", function)));
        Map<String, Object> result =
                Map.of("role", "tool", "content", "probed", "tool_call_id", "abcdefghi", "name", PROBE);
        List<Object> tools = PromptWriter.described(PROBE_TOOLS);
        return new TemplateTraits(
                writes(renderer, List.of(Map.of("role", "system", "content", PROBE), user), List.of(), PROBE),
                writes(renderer, List.of(user), tools, PROBE),
                writes(renderer, List.of(user, call), List.of(), PROBE),
                writes(renderer, List.of(user, call, result), List.of(), "probed"));
    }

    private static boolean writes(
            ChatRenderer renderer, List<Map<String, Object>> messages, List<Object> tools, String what) {
        try {
            return renderer.render(messages, tools, true).contains(what);
        } catch (BadInputException e) {
            return false;
        }
    }
}
