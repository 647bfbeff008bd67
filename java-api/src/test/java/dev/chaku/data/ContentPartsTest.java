package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ContentPartsTest {
    private static final String PARTS =
            "{% for m in messages %}[{{ m.role }}]{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";
    private static final List<Map<String, Object>> TALK =
            List.of(Map.of("role", "user", "content", "Hi"), Map.of("role", "assistant", "content", "Yes, </s>."));

    private static ChatTemplate template(String source) {
        return ChatTemplate.parse("t", source, "<s>", "</s>");
    }

    @Test
    void aTemplateThatWantsPartsGetsThem() {
        ChatTemplate template = template(PARTS);
        assertTrue(ContentParts.areWanted(template::render));
        ChatRenderer renderer = ChatRenderer.of(template);
        assertEquals("[user]Hi\n[assistant]Yes, </s>.\n", renderer.render(TALK, List.of(), false));
        ChatMask.Cut cut =
                new ChatMask(renderer, new SpecialText(List.of("</s>"))).cut(Example.Chat.of("f:1", TALK, List.of()));
        assertEquals(1, cut.turns());
        assertEquals(
                "Yes, </s>.",
                String.join("", cut.marked().parts(cut.segments().get(1).text())));
    }

    @Test
    void thoughtsAndCallsGoWithParts() {
        ChatRenderer renderer =
                ChatRenderer.of(template(PARTS.replace("[{{ m.role }}]", "[{{ m.role }}]{{ m.thinking }}:")));
        List<Map<String, Object>> talk =
                List.of(TALK.get(0), Map.of("role", "assistant", "content", "Yes.", "reasoning_content", "So"));
        assertTrue(renderer.render(talk, List.of(), false).contains("[assistant]So:Yes."));
    }

    @Test
    void aTemplateThatTakesTextsGetsTexts() throws IOException {
        assertFalse(
                ContentParts.areWanted(template("{% for m in messages %}{{ m.content | trim }}{% endfor %}")::render));
        String both =
                "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{{ m.content[0].text }}{% endif %}{% endfor %}";
        assertFalse(ContentParts.areWanted(template(both)::render));
        try (Stream<Path> files = Files.list(ReferenceData.require("templates"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".jinja")).toList()) {
                assertFalse(ContentParts.areWanted(template(Files.readString(file))::render), file.toString());
            }
        }
    }
}
