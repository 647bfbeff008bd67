package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.data.ChatRenderer;
import dev.chaku.data.Example;
import dev.chaku.text.BpeTrainer;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.template.ChatTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MarkupCheckTest {
    private static Tokenizer vocabulary(String bos, String eos, String... specials) {
        BpeTrainer trainer = new BpeTrainer(300).bos(bos).eos(eos);
        for (String special : specials) {
            trainer.special(special);
        }
        return trainer.train(List.of("hello there, hello you")).tokenizer();
    }

    private static final Tokenizer LLAMA = vocabulary("<s>", "</s>");
    private static final Tokenizer CHATML = vocabulary("<|endoftext|>", "<|im_end|>", "<|im_start|>");

    /** Findings as {@code id: detail of the first place}. */
    private static List<String> found(Tokenizer tokenizer, @Nullable ChatRenderer chat, Example... examples) {
        MarkupCheck check = new MarkupCheck(tokenizer, chat, true);
        for (Example example : examples) {
            check.see(Sample.of(example));
        }
        List<Finding> findings = new ArrayList<>();
        check.tell(findings);
        return findings.stream()
                .map(f -> f.id() + " " + f.count() + ": " + f.places().get(0).detail())
                .toList();
    }

    private static Example text(String text) {
        return new Example.Text("f:1", text);
    }

    @Test
    void tokensOfTheModelAreCounted() {
        assertEquals(
                List.of("special-tokens 2: <|im_start|>"),
                found(
                        CHATML,
                        null,
                        text("<|im_start|>user\nHi<|im_end|>"),
                        text("Hi"),
                        new Example.PromptCompletion("f:2", "Hi", "Yes.<|im_end|>")));
    }

    @Test
    void tagsOfAnotherModelAreCountedAndNamed() {
        String detail = " tags, but the model has none: ";
        assertEquals(
                List.of("foreign-tags 1: ChatML" + detail + "<|im_start|>"),
                found(LLAMA, null, text("<|im_start|>user\nHi<|im_end|>")));
        assertEquals(
                List.of("foreign-tags 1: Llama 3" + detail + "<|eot_id|>"),
                found(LLAMA, null, new Example.PromptCompletion("f:2", "Hi", "Yes.<|eot_id|>")));
        assertEquals(
                List.of("foreign-tags 1: Gemma" + detail + "<start_of_turn>"),
                found(CHATML, null, text("<start_of_turn>user")));
        assertEquals(
                List.of("foreign-tags 1: Llama 2" + detail + "[/INST]"),
                found(CHATML, null, text("<s>[INST] Hi [/INST] Yes.</s>")));
        assertEquals(List.of("foreign-tags 1: Llama 2" + detail + "</s>"), found(CHATML, null, text("Yes.</s>\n")));
        assertEquals(
                List.of("foreign-tags 1: Special" + detail + "<|mine|>"), found(CHATML, null, text("a <|mine|> b")));
    }

    @Test
    void whatIsNoMarkupIsNotCounted() {
        assertEquals(List.of(), found(CHATML, null, text("a <| b |> c, f <|> g, <s>struck</s> out, x[INST]")));
        assertEquals(List.of("special-tokens 1: <s>"), found(LLAMA, null, text("<s>[INST] Hi [/INST] Yes.</s>")));
        ChatRenderer own = ChatRenderer.of(ChatTemplate.named("phi3", "<s>", "</s>"));
        assertEquals(List.of(), found(LLAMA, own, text("<|user|>\nHi<|end|>\n<|assistant|>\n")));
    }

    @Test
    void markupInMessagesIsCountedApart() {
        Example chat = Example.Chat.of(
                "f:1",
                List.of(
                        Map.of("role", "user", "content", "Hi"),
                        Map.of("role", "assistant", "content", "Yes.<|im_end|>")),
                List.of());
        assertEquals(List.of("markup-in-messages 1: <|im_end|>"), found(CHATML, null, chat));
        assertEquals(List.of("markup-in-messages 1: <|im_end|>"), found(LLAMA, null, chat));
    }
}
