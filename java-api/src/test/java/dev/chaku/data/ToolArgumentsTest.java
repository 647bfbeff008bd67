package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ToolArgumentsTest {
    private static final List<Map<String, Object>> CALL = List.of(
            Map.of("role", "user", "content", "x"),
            Map.of(
                    "role",
                    "assistant",
                    "content",
                    "",
                    "tool_calls",
                    List.of(Map.of(
                            "type", "function", "function", Map.of("name", "f", "arguments", Map.of("a", 1L))))));

    private static String rendered(String arguments) {
        String template = "{% for m in messages %}{% for t in m.tool_calls %}{{ t.function.name }}(" + arguments
                + "){% endfor %}{% endfor %}";
        return ChatRenderer.of(ChatTemplate.parse("t", template, "", "")).render(CALL, List.of(), false);
    }

    @Test
    void aTemplateGetsTheArgumentsAsItTakesThem() {
        assertEquals("f({\"a\": 1})", rendered("{{ t.function.arguments | tojson }}"));
        assertEquals("f({\"a\":1})", rendered("{{ '' + t.function.arguments }}"));
        assertEquals("f({\"a\":1})", rendered("{{ t.function.arguments }}"));
        assertEquals("f(a)", rendered("{% for k in t.function.arguments %}{{ k }}{% endfor %}"));
    }

    @Test
    void otherMessagesStayAsTheyAre() {
        List<Map<String, Object>> plain = List.of(Map.of("role", "user", "content", "x"));
        assertTrue(ToolArguments.asText(plain) == plain);
        assertFalse(ToolArguments.areText((messages, tools, prompt) -> "no tools"));
    }

    @Test
    void ofTheRealTemplatesOneWantsText() throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.list(ReferenceData.require("templates"))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".jinja")).sorted().toList()) {
                ChatTemplate template = ChatTemplate.parse("t", Files.readString(file), "<s>", "</s>");
                if (ToolArguments.areText(template::render)) {
                    found.add(file.getFileName().toString());
                }
            }
        }
        assertEquals(List.of("meetkai-functionary-medium-v3.2.jinja"), found);
    }
}
