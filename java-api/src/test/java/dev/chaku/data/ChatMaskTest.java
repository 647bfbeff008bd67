package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ChatMaskTest {
    private static final Pattern SPECIAL = Pattern.compile("<[|｜]?[^<>\\s]+[|｜]?>|\\[/?[A-Z_]+\\]");
    private static final List<Map<String, Object>> TALK = List.of(
            Map.of("role", "user", "content", "Question one?"),
            Map.of("role", "assistant", "content", "Answer one."),
            Map.of("role", "user", "content", "Question two?"),
            Map.of("role", "assistant", "content", "Answer two."));

    /** A mask that takes all that looks like a special token for one. */
    private static ChatMask mask(ChatRenderer renderer) {
        String text = renderer.render(TALK, List.of(), false);
        return new ChatMask(
                renderer,
                new SpecialText(SPECIAL.matcher(text)
                        .results()
                        .map(found -> found.group())
                        .toList()));
    }

    private static String marked(ChatRenderer renderer) {
        StringBuilder text = new StringBuilder();
        for (ChatMask.Segment segment :
                mask(renderer).cut(Example.Chat.of("f:1", TALK, List.of())).segments()) {
            text.append(segment.weight() > 0 ? "⟦" + segment.text() + "⟧" : segment.text());
        }
        return text.toString();
    }

    private static String marked(String template) {
        return marked(ChatRenderer.of(ChatTemplate.parse("t", template, "<s>", "</s>")));
    }

    @Test
    void theTemplatesOwnMarksCount() {
        assertEquals(
                "U:Question one?\nA:⟦Answer one.</s>⟧\nU:Question two?\nA:⟦Answer two.</s>⟧\n",
                marked(
                        "{% for m in messages %}{% if m.role == 'user' %}U:{{ m.content }}{% else %}A:"
                                + "{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% endif %}{{ '\\n' }}{% endfor %}"));
    }

    @Test
    void anEndOfTextAfterTheLastMessageDoesNotHideTheTurnsBefore() {
        assertEquals(
                "<|user|>Question one?<|end|>\n<|assistant|>⟦Answer one.<|end|>⟧\n<|user|>Question two?<|end|>\n"
                        + "<|assistant|>⟦Answer two.<|end|>\n</s>⟧",
                marked("{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{{ '\\n' }}{% endfor %}"
                        + "{% if add_generation_prompt %}<|assistant|>{% else %}{{ eos_token }}{% endif %}"));
    }

    @Test
    void aGenerationPromptThatOpensAThoughtLeavesTheHeaderUntrained() {
        assertEquals(
                "<|user|>Question one?\n<|assistant|>⟦Answer one.</s>⟧\n<|user|>Question two?\n<|assistant|>⟦Answer two.</s>⟧\n",
                marked(
                        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{{ eos_token if m.role == 'assistant' }}{{ '\\n' }}"
                                + "{% endfor %}{% if add_generation_prompt %}<|assistant|><think>{{ '\\n' }}{% endif %}"));
    }

    /** Every turn is found in the whole or in a sequence of its own, and nothing of a question is trained. */
    @Test
    void turnsOfRealTemplatesAreTheAnswersAndTheirEnd() throws IOException {
        List<String> unknown = new ArrayList<>();
        List<String> apart = new ArrayList<>();
        int seen = 0;
        try (Stream<Path> files = Files.list(ReferenceData.require("templates"))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".jinja")).sorted().toList()) {
                ChatRenderer renderer = ChatRenderer.of(ChatTemplate.parse("t", Files.readString(file), "<s>", "</s>"));
                String name = file.getFileName().toString().replace(".jinja", "");
                ChatMask.Cut cut = mask(renderer).cut(Example.Chat.of("f:1", TALK, List.of()));
                seen++;
                if (cut.turns() == 0) {
                    unknown.add(name);
                    continue;
                }
                List<String> trained = trained(cut);
                if (!cut.missed().isEmpty()) {
                    assertEquals(List.of(1), cut.missed(), name);
                    apart.add(name);
                    ChatMask.Cut first = mask(renderer).cut(Example.Chat.of("f:1", TALK.subList(0, 2), List.of()));
                    trained.addAll(0, trained(first));
                }
                assertEquals(2, trained.size(), name);
                assertTrue(
                        trained.get(0).contains("Answer one.") && trained.get(1).contains("Answer two."),
                        trained.toString());
                assertTrue(trained.stream().noneMatch(text -> text.contains("Question")), trained.toString());
            }
        }
        assertEquals(45, seen);
        // These end every text in instructions or a generation prompt, so that no turn can be told from what follows
        // it.
        assertEquals(
                List.of("CohereForAI-c4ai-command-r-plus-tool_use", "CohereForAI-c4ai-command-r7b-12-2024-tool_use"),
                unknown);
        assertEquals(
                List.of("NVIDIA-Nemotron-Nano-v2", "Qwen-Qwen3-0.6B", "StepFun3.5-Flash", "openai-gpt-oss-120b"),
                apart);
    }

    private static List<String> trained(ChatMask.Cut cut) {
        return new ArrayList<>(cut.segments().stream()
                .filter(segment -> segment.weight() > 0)
                .map(ChatMask.Segment::text)
                .toList());
    }
}
