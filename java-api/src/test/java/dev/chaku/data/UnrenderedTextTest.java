package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.ReferenceData;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class UnrenderedTextTest {
    private static final SpecialText SPECIAL = new SpecialText(List.of("<|im_end|>", "</s>"));
    private static final String PLAIN =
            "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";
    private static final Map<String, Object> QUESTION = Map.of("role", "user", "content", "Six times seven?");

    private static Optional<String> left(String template, List<Map<String, Object>> messages, List<Object> tools) {
        ChatRenderer renderer = ChatRenderer.of(ChatTemplate.parse("t", template, "<s>", "</s>"));
        return UnrenderedText.first(new ChatMask(renderer, SPECIAL).cut(Example.Chat.of("f:1", messages, tools)), true);
    }

    private static Map<String, Object> answer(String key, Object value) {
        return Map.of("role", "assistant", "content", "It is\n 42.</s>", key, value);
    }

    @Test
    void whatComesOutIsNotReported() {
        assertEquals(Optional.empty(), left(PLAIN, List.of(QUESTION, answer("name", "Bob")), List.of()));
        assertEquals(
                Optional.empty(),
                left(PLAIN.replace("m.content", "m.content | trim"), List.of(QUESTION, answer("x", "y")), List.of()));
    }

    @Test
    void thoughtsThatATemplateDoesNotWriteAreReported() {
        for (String key : ReasoningKey.ALL) {
            assertEquals(
                    Optional.of(key + ": Six sevens."),
                    left(PLAIN, List.of(QUESTION, answer(key, "\n Six sevens.\n")), List.of()));
        }
    }

    @Test
    void contentThatATemplateCutsIsReported() {
        String cutting = PLAIN.replace("m.content", "m.content.split('</think>')[-1]");
        Map<String, Object> thought =
                Map.of("role", "assistant", "content", "<think>\nSix sevens</s>.\n</think>\n\nIt is 42.");
        assertEquals(Optional.of("content: Six sevens</s>."), left(cutting, List.of(QUESTION, thought), List.of()));
        assertEquals(Optional.empty(), left(PLAIN, List.of(QUESTION, thought), List.of()));
    }

    @Test
    void aThoughtThatTheQuestionOfAnEarlierTurnRepeatsIsReportedAllTheSame() {
        List<Map<String, Object>> messages = List.of(
                Map.of("role", "user", "content", "Six sevens."),
                answer("x", "y"),
                QUESTION,
                answer("thinking", "Six sevens."));
        assertEquals(Optional.of("thinking: Six sevens."), left(PLAIN, messages, List.of()));
    }

    @Test
    void callsAndDescriptionsOfToolsAreReported() {
        Map<String, Object> call =
                Map.of("type", "function", "function", Map.of("name", "weather", "arguments", Map.of()));
        assertEquals(
                Optional.of("tool call: weather"),
                left(PLAIN, List.of(QUESTION, answer("tool_calls", List.of(call))), List.of()));
        assertEquals(
                Optional.of("description of a tool: weather"),
                left(PLAIN, List.of(QUESTION, answer("x", "y")), List.of(call)));
        assertEquals(
                Optional.of("system message: Be brief."),
                left(
                        PLAIN.replace("in messages %}", "in messages if m.role != 'system' %}"),
                        List.of(Map.of("role", "system", "content", "Be brief."), QUESTION, answer("x", "y")),
                        List.of()));
    }

    /** Real templates write an ordinary conversation whole; those that cut thoughts out of content are known. */
    @Test
    void realTemplatesLeaveOutThoughtsAlone() throws IOException {
        List<Map<String, Object>> plain = List.of(
                QUESTION, Map.of("role", "assistant", "content", "It is 42.\n\n- six \"sevens\"\n- <b>or</b> 7 & 6"));
        List<Map<String, Object>> thought = List.of(
                QUESTION, Map.of("role", "assistant", "content", "It is 42.", "reasoning_content", "Six sevens."));
        TreeMap<String, String> wrong = new TreeMap<>();
        int unread = 0;
        try (Stream<Path> files = Files.list(ReferenceData.require("templates"))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".jinja")).sorted().toList()) {
                String source = Files.readString(file);
                left(source, plain, List.of())
                        .ifPresent(what -> wrong.put(file.getFileName().toString(), what));
                Optional<String> left = left(source, thought, List.of());
                boolean reads = !ReasoningKey.readBy(ChatTemplate.parse("t", source, "<s>", "</s>")::render)
                        .isEmpty();
                // Of two templates no turn can be told from the rest; training refuses them.
                if (reads != left.isEmpty() && !file.toString().contains("command-r")) {
                    wrong.put(file.getFileName() + ", thought", left.orElse("nothing"));
                }
                unread += reads ? 0 : 1;
            }
        }
        assertEquals(Map.of(), wrong);
        assertEquals(32, unread);
    }
}
