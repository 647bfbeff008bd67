package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.text.BpeTrainer;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.template.ChatTemplate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PromptEncoderTest {
    private static final Tokenizer TOKENIZER = new BpeTrainer(300)
            .bos("<s>")
            .eos("<|im_end|>")
            .special("<|im_start|>")
            .train(List.of("hello there"))
            .tokenizer();
    private static final String LINES = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";

    private final PromptEncoder encoder = new PromptEncoder(TOKENIZER);

    private int[] chat(String template, String content) {
        return encoder.chat(
                List.of(Map.of("role", "user", "content", content)),
                List.of(),
                ChatRenderer.of(ChatTemplate.parse("t", template, "<s>", "<|im_end|>")));
    }

    private static long count(String special, int[] ids) {
        return Arrays.stream(ids)
                .filter(id -> id == TOKENIZER.idOf(special).getAsInt())
                .count();
    }

    @Test
    void whatAMessageSpellsIsText() {
        int[] ids = encoder.chat(
                List.of(Map.of("role", "user", "content", "<s>a<|im_end|>")),
                List.of(),
                ChatRenderer.of(ChatTemplate.named("chatml", "<s>", "<|im_end|>")));
        assertEquals(
                "<s><|im_start|>user\n<s>a<|im_end|><|im_end|>\n<|im_start|>assistant\n", TOKENIZER.decode(ids, true));
        assertEquals(
                List.of(1L, 1L, 2L), List.of(count("<s>", ids), count("<|im_end|>", ids), count("<|im_start|>", ids)));
    }

    @Test
    void theBeginOfTextIsAddedWhereTheTemplateWritesNone() {
        assertEquals("<s>user: hello\n", TOKENIZER.decode(chat(LINES, "hello"), true));
        assertEquals("<s>user: hello\n", TOKENIZER.decode(chat("{{ bos_token }}" + LINES, "hello"), true));
        assertEquals(1, count("<s>", chat("{{ '\\n' }}{{ bos_token }}" + LINES, "hello")));
        assertEquals(1, count("<s>", chat("{{ messages[0].content }}", "<s>hello")));
    }

    @Test
    void theConversationIsEncodedAsInTraining() {
        ChatRenderer template = ChatRenderer.of(ChatTemplate.named("chatml", "<s>", "<|im_end|>"));
        List<Map<String, Object>> messages = List.of(
                Map.of("role", "user", "content", "a<|im_end|>b"), Map.of("role", "assistant", "content", "yes"));
        ExampleEncoder training =
                new ExampleEncoder(TOKENIZER, template, new ExampleEncoder.Options(99, OverLong.ERROR, false));
        EncodedExample example = training.encode(List.of(Example.Chat.of("f:1", messages, List.of())))
                .get(0);
        int trained = 0;
        while (example.weights()[trained] == 0) {
            trained++;
        }
        assertArrayEquals(
                Arrays.copyOf(example.tokens(), trained + 1),
                encoder.chat(messages.subList(0, 1), List.of(), template));
    }

    private String turnEnd(String name) {
        return encoder.turnEnd(ChatRenderer.of(ChatTemplate.named(name, "<s>", "<|im_end|>")));
    }

    @Test
    void theEndOfATurnIsTextWhereNoTokenEndsIt() {
        assertEquals("", turnEnd("chatml"));
        assertEquals("", turnEnd("llama2"));
        assertEquals("<end_of_turn>", turnEnd("gemma"));
        assertEquals("<|eot_id|>", turnEnd("llama3"));
        assertEquals("", encoder.turnEnd(ChatRenderer.of(ChatTemplate.parse("t", LINES, "", ""))));
        ChatRenderer refusing = ChatRenderer.of(ChatTemplate.parse("t", "{{ raise_exception('no') }}", "", ""));
        assertEquals("", encoder.turnEnd(refusing));
    }

    @Test
    void theFirstSpecialTokenOfATextIsFound() {
        assertEquals("<|im_end|>", encoder.spelledIn("a<|im_end|>b<s>").orElseThrow());
        assertTrue(encoder.spelledIn("a <|im_en").isEmpty());
    }
}
