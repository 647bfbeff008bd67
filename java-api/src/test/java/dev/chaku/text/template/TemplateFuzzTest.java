package dev.chaku.text.template;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.chaku.errors.BadInputException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/** Templates of any text: rendered within the limits, or refused with a BadInputException. */
class TemplateFuzzTest {
    private static final List<Map<String, Object>> MESSAGES = List.of(
            Map.of("role", "system", "content", "Be brief."),
            Map.of("role", "user", "content", "Hi <there> \"you\" 着"),
            Map.of(
                    "role",
                    "assistant",
                    "content",
                    "",
                    "tool_calls",
                    List.of(Map.of("name", "f", "arguments", Map.of("x", 1.5)))),
            Map.of("role", "tool", "content", "17"));

    @FuzzTest
    void render(byte[] bytes) {
        String source = new String(bytes, StandardCharsets.UTF_8);
        try {
            ChatTemplate template = ChatTemplate.parse("fuzz", source, "<s>", "</s>")
                    .withClock(Clock.fixed(Instant.EPOCH, ZoneOffset.UTC));
            template.render(MESSAGES, List.of(Map.of("name", "f")), true);
        } catch (BadInputException e) {
            // Refused.
        }
    }
}
