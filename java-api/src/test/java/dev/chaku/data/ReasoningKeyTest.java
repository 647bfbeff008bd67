package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReasoningKeyTest {
    private static ChatTemplate reading(String key) {
        return ChatTemplate.parse(
                "t", "{% for m in messages %}[{{ m." + key + " }}]{{ m.content }}{% endfor %}", "", "");
    }

    private static List<Map<String, Object>> talk(String key) {
        return List.of(
                Map.of("role", "user", "content", "Six times seven?"),
                Map.of("role", "assistant", "content", "It is 42.", key, "Six sevens."));
    }

    @ParameterizedTest
    @ValueSource(strings = {"reasoning_content", "reasoning", "thinking"})
    void aThoughtComesOutWhateverItsKeyIsCalled(String read) {
        for (String written : ReasoningKey.ALL) {
            String text = ChatRenderer.of(reading(read)).render(talk(written), List.of(), false);
            assertTrue(text.contains("[Six sevens.]It is 42."), text);
        }
    }

    @Test
    void whatATemplateReadsStaysWhereItIs() {
        List<Map<String, Object>> talk = talk("thinking");
        assertSame(talk, ReasoningKey.under(List.of("reasoning_content", "thinking"), talk));
        assertSame(talk, ReasoningKey.under(List.of(), talk));
        assertEquals(List.of(), ReasoningKey.readBy(reading("content")::render));
    }

    @ParameterizedTest
    @CsvSource({"Qwen-Qwen3-0.6B", "openai-gpt-oss-120b", "GLM-4.7-Flash", "MiniMax-M2"})
    void realTemplatesWriteThoughtsUnderEveryKey(String name) throws IOException {
        ChatTemplate template = ChatTemplate.parse(
                "t", Files.readString(ReferenceData.require("templates/" + name + ".jinja")), "<s>", "</s>");
        for (String written : ReasoningKey.ALL) {
            String text = ChatRenderer.of(template).render(talk(written), List.of(), false);
            assertTrue(text.contains("Six sevens.") && text.contains("It is 42."), written + ": " + text);
        }
    }
}
