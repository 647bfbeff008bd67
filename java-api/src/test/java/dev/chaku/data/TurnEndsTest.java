package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ReferenceData;
import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.text.BpeTrainer;
import dev.chaku.text.Tokenizer;
import dev.chaku.text.Tokenizers;
import dev.chaku.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TurnEndsTest {
    private static final List<Map<String, Object>> TALK = List.of(
            Map.of("role", "user", "content", "Question one?"),
            Map.of("role", "assistant", "content", "Answer one."),
            Map.of("role", "user", "content", "Question two?"),
            Map.of("role", "assistant", "content", "Answer two."));
    private static final List<Map<String, Object>> ASKED = TALK.subList(0, 2);
    private static final Pattern SPECIAL =
            Pattern.compile("<[|｜]?[^<>\\s]+[|｜]?>|\\[/?[A-Z_]+\\]|\\[e~\\[|]~!?b\\[?]?");

    private static Tokenizer vocabulary(String eos, String... specials) {
        BpeTrainer trainer = new BpeTrainer(300).bos("<s>").eos(eos);
        for (String special : specials) {
            trainer.special(special);
        }
        return trainer.train(List.of("hello there, hello you")).tokenizer();
    }

    private static ExampleEncoder encoder(Tokenizer tokenizer, String template) {
        ChatRenderer chat = ChatRenderer.of(ChatTemplate.parse("t", template, "<s>", "</s>"));
        return new ExampleEncoder(tokenizer, chat, new ExampleEncoder.Options(9999, OverLong.ERROR, false));
    }

    /** What is trained, in brackets. */
    private static String marked(Tokenizer tokenizer, EncodedExample example) {
        StringBuilder marked = new StringBuilder();
        boolean open = false;
        for (int i = 0; i < example.length(); i++) {
            boolean trained = i > 0 && example.weights()[i - 1] > 0;
            marked.append(trained && !open ? "[" : !trained && open ? "]" : "");
            open = trained;
            marked.append(tokenizer.decode(new int[] {example.tokens()[i]}, true));
        }
        return marked.append(open ? "]" : "").toString();
    }

    private static String marked(Tokenizer tokenizer, ExampleEncoder encoder, List<Map<String, Object>> messages) {
        return marked(
                tokenizer,
                encoder.encode(List.of(Example.Chat.of("f:1", messages, List.of())))
                        .get(0));
    }

    @Test
    void anEndThatTheVocabularyHasIsLeftAsItIs() {
        Tokenizer tokenizer = vocabulary("</s>", "<|end|>");
        ExampleEncoder encoder = encoder(
                tokenizer,
                "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}a:{% endif %}");
        assertEquals("<s>u:Question one?<|end|>\na:[Answer one.<|end|>]\n", marked(tokenizer, encoder, ASKED));
        assertEquals(0, encoder.counts().endsAdded() + encoder.counts().withoutEnd());
    }

    @Test
    void whereTheVocabularyLacksTheEndOneIsAddedAfterTheLastAnswer() {
        Tokenizer tokenizer = vocabulary("</s>");
        ExampleEncoder encoder = encoder(
                tokenizer,
                "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}a:{% endif %}");
        assertEquals("<s>u:Question one?<|end|>\na:[Answer one.<|end|></s>]", marked(tokenizer, encoder, ASKED));
        assertEquals(1, encoder.counts().endsAdded());
        assertEquals(0, encoder.counts().withoutEnd());
        assertEquals(
                "<s>u:Question one?<|end|>\na:[Answer one.<|end|>]\nu:Question two?<|end|>\na:[Answer two.<|end|></s>]",
                marked(tokenizer, encoder, TALK));
        assertEquals(2, encoder.counts().endsAdded());
        assertEquals(1, encoder.counts().withoutEnd());
    }

    @Test
    void theNextRolesTagIsTrainedWhereItEndsGeneration() {
        Tokenizer tokenizer = vocabulary("<|eot_id|>", "<|a|>");
        String template =
                "{% for m in messages %}{{ '<|eot_id|>' if m.role == 'user' else '<|a|>' }}{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<|a|>{% endif %}";
        ExampleEncoder encoder = encoder(tokenizer, template);
        assertEquals(
                "<s><|eot_id|>Question one?\n<|a|>[Answer one.\n<|eot_id|>]Question two?\n<|a|>[Answer two.<|eot_id|>]",
                marked(tokenizer, encoder, TALK));
        assertEquals(0, encoder.counts().withoutEnd());
    }

    @Test
    void anEndThatTheTemplatesOwnMarksLeaveOutIsTrained() {
        Tokenizer tokenizer = vocabulary("</s>");
        ExampleEncoder encoder = encoder(
                tokenizer,
                "{% for m in messages %}{% if m.role == 'user' %}U:{{ m.content }}{% else %}A:{% generation %}{{ m.content }}{% endgeneration %}{{ eos_token }}{% endif %}{{ '\n' }}{% endfor %}");
        assertEquals("<s>U:Question one?\nA:[Answer one.</s>]\n", marked(tokenizer, encoder, ASKED));
    }

    @Test
    void anAnswerThatDoesNotCountGetsNoEnd() {
        Tokenizer tokenizer = vocabulary("</s>");
        ExampleEncoder encoder = encoder(
                tokenizer,
                "{% for m in messages %}{{ m.role[0] }}:{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}a:{% endif %}");
        Example.Chat first = new Example.Chat("f:1", TALK, List.of(0f, 1f, 0f, 0f), List.of());
        assertEquals(
                "<s>u:Question one?\na:[Answer one.]\nu:Question two?\na:Answer two.\n",
                marked(tokenizer, encoder.encode(List.of(first)).get(0)));
        assertEquals(1, encoder.counts().withoutEnd());
        assertEquals(0, encoder.counts().endsAdded());
    }

    @ParameterizedTest
    @CsvSource({"chatml", "llama2", "llama3", "mistral", "gemma", "phi3", "zephyr", "alpaca"})
    void everyBuiltInTemplateEndsAnAnswerInAVocabularyWithoutItsTokens(String name) {
        Tokenizer tokenizer = vocabulary("</s>");
        ChatRenderer chat = ChatRenderer.of(ChatTemplate.named(name, "<s>", "</s>"));
        assertEnded(tokenizer, chat, name, ASKED);
    }

    /** All templates at hand through all vocabularies at hand, though most of them know nothing of each other. */
    @TestFactory
    List<DynamicTest> everyAnswerEndsInEveryTemplateAndVocabulary() throws IOException {
        if (!ReferenceData.has("templates") || !ReferenceData.has("tokenizers") || !ReferenceData.has("parity")) {
            return ReferenceData.skipped("templates, tokenizers, parity");
        }
        Map<String, Tokenizer> vocabularies = new LinkedHashMap<>();
        for (Path file : files("tokenizers", ".gguf")) {
            vocabularies.put(file.getFileName().toString(), Tokenizers.of(GgufFile.read(file)));
        }
        Path stories = ReferenceData.require("parity/stories260K/stories260K-f32.gguf");
        vocabularies.put("stories260K", Tokenizers.of(GgufFile.read(stories)));
        List<DynamicTest> tests = new ArrayList<>();
        Map<String, String> templates = templates();
        vocabularies.forEach((name, tokenizer) -> tests.add(DynamicTest.dynamicTest(
                name + ", " + templates.size() + " templates",
                () -> templates.forEach(
                        (template, source) -> assertEnded(tokenizer, renderer(tokenizer, source), template, ASKED)))));
        assertEquals(8, tests.size());
        return tests;
    }

    /** Templates through a vocabulary that has their tags: every answer of a conversation ends, not the last alone. */
    @Test
    void everyAnswerEndsWhereTheVocabularyHasTheTags() throws IOException {
        List<String> unended = new ArrayList<>();
        for (Map.Entry<String, String> template : templates().entrySet()) {
            ChatRenderer plain = ChatRenderer.of(ChatTemplate.parse("t", template.getValue(), "<s>", "</s>"));
            Tokenizer tokenizer = withTags(plain);
            ExampleEncoder encoder =
                    new ExampleEncoder(tokenizer, plain, new ExampleEncoder.Options(9999, OverLong.ERROR, false));
            try {
                encoder.encode(List.of(Example.Chat.of("f:1", TALK, List.of())));
            } catch (BadInputException e) {
                continue; // Turns that cannot be told from the rest, see ChatMaskTest.
            }
            if (encoder.counts().withoutEnd() > 0) {
                unended.add(template.getKey());
            }
        }
        // Its turns end in two line breaks, which are no token that ends generation: the check says so.
        assertEquals(List.of("llama-cpp-rwkv-world.jinja"), unended);
    }

    /**
     * A vocabulary with the tags of a template. Its end of text is the last one after an answer, or where a template
     * writes none, that of the next role, as it is of the models with such templates.
     */
    private static Tokenizer withTags(ChatRenderer renderer) {
        String text = renderer.render(TALK, List.of(), false);
        Set<String> tags = new LinkedHashSet<>(
                SPECIAL.matcher(text).results().map(found -> found.group()).toList());
        String asked = renderer.render(ASKED, List.of(), false);
        String after = asked.substring(asked.lastIndexOf("Answer one."));
        String end =
                SPECIAL.matcher(after).results().map(found -> found.group()).reduce("", (first, last) -> last);
        if (end.isEmpty()) {
            var next = SPECIAL.matcher(text);
            end = next.find(text.indexOf("Answer one.")) ? next.group() : "</s>";
        }
        tags.removeAll(Set.of("<s>", end));
        return vocabulary(end, tags.toArray(String[]::new));
    }

    private static void assertEnded(
            Tokenizer tokenizer, ChatRenderer chat, String template, List<Map<String, Object>> messages) {
        ExampleEncoder encoder =
                new ExampleEncoder(tokenizer, chat, new ExampleEncoder.Options(9999, OverLong.ERROR, false));
        List<EncodedExample> sequences;
        try {
            sequences = encoder.encode(List.of(Example.Chat.of("f:1", messages, List.of())));
        } catch (BadInputException e) {
            assertTrue(e.getMessage().contains("turns be told from the rest"), e.getMessage());
            return;
        }
        for (EncodedExample sequence : sequences) {
            int last = sequence.length() - 1;
            while (sequence.weights()[last - 1] == 0) {
                last--;
            }
            assertTrue(
                    tokenizer.isEndOfGeneration(sequence.tokens()[last])
                            || tokenizer.eos().isEmpty() && encoder.counts().withoutEnd() > 0,
                    template + ": " + marked(tokenizer, sequence));
        }
    }

    private static ChatRenderer renderer(Tokenizer tokenizer, String source) {
        String bos =
                tokenizer.bos().isPresent() ? tokenizer.piece(tokenizer.bos().getAsInt()) : "";
        String eos =
                tokenizer.eos().isPresent() ? tokenizer.piece(tokenizer.eos().getAsInt()) : "";
        return ChatRenderer.of(ChatTemplate.parse("t", source, bos, eos));
    }

    private static Map<String, String> templates() throws IOException {
        Map<String, String> sources = new LinkedHashMap<>();
        for (Path file : files("templates", ".jinja")) {
            sources.put(file.getFileName().toString(), Files.readString(file));
        }
        assertEquals(45, sources.size());
        return sources;
    }

    private static List<Path> files(String folder, String suffix) throws IOException {
        try (Stream<Path> all = Files.list(ReferenceData.require(folder))) {
            return all.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
        }
    }
}
