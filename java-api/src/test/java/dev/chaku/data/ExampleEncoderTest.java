package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.text.BpeTrainer;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExampleEncoderTest {
    private static final Tokenizer TOKENIZER = new BpeTrainer(300)
            .bos("<s>")
            .eos("<e>")
            .special("<u>")
            .special("<a>")
            .train(List.of("hello there, hello you"))
            .tokenizer();

    /** {@code <u>text<e>\n<a>text<e>\n}, as ChatML does it. */
    private static final ChatRenderer CHAT = (messages, tools, prompt) -> {
        StringBuilder text = new StringBuilder();
        for (Map<String, Object> message : messages) {
            text.append(message.get("role").equals("user") ? "<u>" : "<a>")
                    .append(message.get("content"))
                    .append("<e>\n");
        }
        return text.append(prompt ? "<a>" : "").toString();
    };

    private static ExampleEncoder encoder(ChatRenderer chat, int maxLength, OverLong overLong) {
        return new ExampleEncoder(TOKENIZER, chat, new ExampleEncoder.Options(maxLength, overLong, false));
    }

    private static Example.Chat chat(String... turns) {
        List<Map<String, Object>> messages = new ArrayList<>();
        List<Float> weights = new ArrayList<>();
        for (int i = 0; i < turns.length; i++) {
            messages.add(Map.of("role", i % 2 == 0 ? "user" : "assistant", "content", turns[i]));
            weights.add(i % 2 == 0 ? 0f : 1f);
        }
        return new Example.Chat("f:1", messages, weights, List.of());
    }

    private static String text(EncodedExample example) {
        return TOKENIZER.decode(example.tokens(), true);
    }

    /** What is trained, in brackets. */
    private static String marked(EncodedExample example) {
        StringBuilder marked = new StringBuilder();
        boolean open = false;
        for (int i = 0; i < example.length(); i++) {
            boolean trained = i > 0 && example.weights()[i - 1] > 0;
            marked.append(trained && !open ? "[" : !trained && open ? "]" : "");
            open = trained;
            marked.append(TOKENIZER.decode(new int[] {example.tokens()[i]}, true));
        }
        return marked.append(open ? "]" : "").toString();
    }

    @Test
    void trainsTheCompletionAndTheEndOfText() {
        EncodedExample example = encoder(null, 99, OverLong.ERROR)
                .encode(List.of(new Example.PromptCompletion("f:1", "hello ", "you")))
                .get(0);
        assertEquals("<s>hello [you<e>]", marked(example));
    }

    @Test
    void trainsAllOfAText() {
        EncodedExample example = encoder(null, 99, OverLong.ERROR)
                .encode(List.of(new Example.Text("f:1", "hello")))
                .get(0);
        assertEquals("<s>[hello<e>]", marked(example));
    }

    private static String encoded(Example example, boolean parseSpecial) {
        ExampleEncoder.Options options = new ExampleEncoder.Options(99, OverLong.ERROR, false, parseSpecial);
        return marked(new ExampleEncoder(TOKENIZER, CHAT, options)
                .encode(List.of(example))
                .get(0));
    }

    /** How often a special token stands in an example, as a token. */
    private static long count(String special, EncodedExample example) {
        return Arrays.stream(example.tokens())
                .filter(id -> id == TOKENIZER.idOf(special).getAsInt())
                .count();
    }

    @Test
    void specialTokensThatATextSpellsAreRead() {
        Example text = new Example.Text("f:1", "<u>hello<e>\n<a>you<e>\n");
        EncodedExample example =
                encoder(null, 99, OverLong.ERROR).encode(List.of(text)).get(0);
        assertEquals("<s>[<u>hello<e>\n<a>you<e>\n]", marked(example));
        assertEquals(List.of(1L, 1L, 2L), List.of(count("<u>", example), count("<a>", example), count("<e>", example)));
        assertEquals("<s>[hello<e>]", encoded(new Example.Text("f:1", "<s>hello<e>"), true));
    }

    @Test
    void specialTokensThatPromptAndCompletionSpellAreRead() {
        assertEquals(
                "<s><u>hello<e>[you<e>]", encoded(new Example.PromptCompletion("f:1", "<u>hello<e>", "you"), true));
        assertEquals(
                "<s>hello [you<e>\n]", encoded(new Example.PromptCompletion("f:1", "<s>hello ", "you<e>\n"), true));
        assertEquals("<s>[you<e>]", encoded(new Example.PromptCompletion("f:1", "", "<s>you"), true));
        assertEquals("<s>hello<e>[<e>]", encoded(new Example.PromptCompletion("f:1", "hello<e>", ""), true));
    }

    @Test
    void asPlainTextTheyAreCharactersAndTheEndIsAdded() {
        Example text = new Example.Text("f:1", "<s>hello<e>");
        ExampleEncoder encoder =
                new ExampleEncoder(TOKENIZER, null, new ExampleEncoder.Options(99, OverLong.ERROR, false, false));
        EncodedExample example = encoder.encode(List.of(text)).get(0);
        assertEquals("<s>[<s>hello<e><e>]", marked(example));
        assertEquals(List.of(1L, 1L), List.of(count("<s>", example), count("<e>", example)));
        Example pair = new Example.PromptCompletion("f:1", "<u>hello", "you<e>");
        EncodedExample literal = encoder.encode(List.of(pair)).get(0);
        assertEquals("<s><u>hello[you<e><e>]", marked(literal));
        assertEquals(List.of(0L, 1L), List.of(count("<u>", literal), count("<e>", literal)));
    }

    @Test
    void trainsTheAssistantsTurnsWithTheirEndAndWithoutTheirHeader() {
        EncodedExample example = encoder(CHAT, 99, OverLong.ERROR)
                .encode(List.of(chat("hello", "you", "there", "yo")))
                .get(0);
        assertEquals("<s><u>hello<e>\n<a>[you<e>]\n<u>there<e>\n<a>[yo<e>]\n", marked(example));
    }

    @Test
    void aTurnOfWeightZeroIsNotTrained() {
        Example.Chat both = chat("hello", "you", "there", "yo");
        Example.Chat second = new Example.Chat("f:1", both.messages(), List.of(0f, 0f, 0f, 0.5f), List.of());
        EncodedExample example =
                encoder(CHAT, 99, OverLong.ERROR).encode(List.of(second)).get(0);
        assertEquals("<s><u>hello<e>\n<a>you<e>\n<u>there<e>\n<a>[yo<e>]\n", marked(example));
        assertEquals(0.5, example.weights()[example.length() - 3]);
    }

    @Test
    void whereATemplateRewritesEarlierTurnsTheyBecomeSequencesOfTheirOwn() {
        ChatRenderer forgetful = (messages, tools, prompt) -> CHAT.render(
                messages.subList(Math.max(0, messages.size() - 2 + (prompt ? 1 : 0)), messages.size()), tools, prompt);
        ExampleEncoder encoder = encoder(forgetful, 99, OverLong.ERROR);
        List<EncodedExample> sequences = encoder.encode(List.of(chat("hello", "you", "there", "yo")));
        assertEquals(
                List.of("<s><u>there<e>\n<a>[yo<e>]\n", "<s><u>hello<e>\n<a>[you<e>]\n"),
                sequences.stream().map(ExampleEncoderTest::marked).toList());
        assertEquals(1, encoder.counts().turnsApart());
    }

    @Test
    void specialTokensInOtherTextsOfAMessageArePlainTextToo() {
        ChatRenderer thinking = (messages, tools, prompt) -> CHAT.render(messages, tools, prompt)
                .replace("<a>yo", "<a>" + messages.get(messages.size() - 1).get("thought") + "yo");
        Map<String, Object> user = Map.of("role", "user", "content", "hello");
        Map<String, Object> answer = Map.of("role", "assistant", "content", "yo", "thought", "x<e>");
        EncodedExample example = encoder(thinking, 99, OverLong.ERROR)
                .encode(List.of(new Example.Chat("f:1", List.of(user, answer), List.of(0f, 1f), List.of())))
                .get(0);
        long ends = java.util.Arrays.stream(example.tokens())
                .filter(id -> id == TOKENIZER.idOf("<e>").getAsInt())
                .count();
        assertEquals(2, ends, text(example));
    }

    @Test
    void specialTokensInContentArePlainText() {
        EncodedExample example = encoder(CHAT, 99, OverLong.ERROR)
                .encode(List.of(chat("a<e>b", "c<u>")))
                .get(0);
        assertEquals("<s><u>a<e>b<e>\n<a>c<u><e>\n", text(example));
        long ends = Arrays.stream(example.tokens())
                .filter(id -> id == TOKENIZER.idOf("<e>").getAsInt())
                .count();
        assertEquals(2, ends);
    }

    @Test
    void charactersForPrivateUseSurviveBesideSpecialTokens() {
        String content = "\uE000<e>\uF8FE\uF8FF" + Character.toString(0xF0000);
        EncodedExample example = encoder(CHAT, 99, OverLong.ERROR)
                .encode(List.of(chat(content, "\uF8FE")))
                .get(0);
        assertEquals("<s><u>" + content + "<e>\n<a>\uF8FE<e>\n", text(example));
        assertEquals(
                2,
                Arrays.stream(example.tokens())
                        .filter(id -> id == TOKENIZER.idOf("<e>").getAsInt())
                        .count());
    }

    @Test
    void specialTokensInDescriptionsOfToolsArePlainText() {
        ChatRenderer tooled =
                (messages, tools, prompt) -> "tools: " + tools + "\n" + CHAT.render(messages, tools, prompt);
        Example.Chat plain = chat("hello", "you");
        Example.Chat chat = new Example.Chat(
                "f:1", plain.messages(), plain.weights(), List.of(Map.of("description", "stops at <e>")));
        EncodedExample example =
                encoder(tooled, 99, OverLong.ERROR).encode(List.of(chat)).get(0);
        assertEquals("<s>tools: [{description=stops at <e>}]\n<u>hello<e>\n<a>you<e>\n", text(example));
        assertEquals(
                2,
                Arrays.stream(example.tokens())
                        .filter(id -> id == TOKENIZER.idOf("<e>").getAsInt())
                        .count());
    }

    @Test
    void aTemplateThatWritesTheBeginOfTextGetsNoSecondOne() {
        ChatRenderer begins = (messages, tools, prompt) -> "<s>" + CHAT.render(messages, tools, prompt);
        EncodedExample example = encoder(begins, 99, OverLong.ERROR)
                .encode(List.of(chat("hello", "you")))
                .get(0);
        assertEquals("<s><u>hello<e>\n<a>[you<e>]\n", marked(example));
    }

    @Test
    void longExamplesFollowThePolicy() {
        Example.Text example = new Example.Text("f:9", "hello ".repeat(20));
        int length = encoder(null, 999, OverLong.ERROR)
                .encode(List.of(example))
                .get(0)
                .length();
        String message = assertThrows(BadInputException.class, () -> encoder(null, 8, OverLong.ERROR)
                        .encode(List.of(example)))
                .getMessage();
        assertTrue(message.startsWith("f:9: expected at most 8 tokens, found " + length), message);
        ExampleEncoder truncating = encoder(null, 8, OverLong.TRUNCATE);
        assertEquals(8, truncating.encode(List.of(example)).get(0).length());
        assertEquals(1, truncating.counts().truncated());
        ExampleEncoder splitting = encoder(null, 8, OverLong.SPLIT);
        List<EncodedExample> pieces = splitting.encode(List.of(example));
        assertEquals((length + 7) / 8, pieces.size());
        ExampleEncoder dropping = encoder(null, 8, OverLong.DROP);
        assertTrue(dropping.encode(List.of(example)).isEmpty());
        assertEquals(1, dropping.counts().dropped());
    }

    @Test
    void nothingToTrainIsAnErrorThatNamesTheExample() {
        Example.Chat silent = new Example.Chat("f:7", chat("hello", "you").messages(), List.of(0f, 0f), List.of());
        String message = assertThrows(BadInputException.class, () -> encoder(CHAT, 99, OverLong.ERROR)
                        .encode(List.of(silent)))
                .getMessage();
        assertTrue(message.startsWith("f:7: nothing in this example is trained"), message);
    }

    @Test
    void aConversationWithoutATemplateIsAnErrorThatSaysWhatToDo() {
        String message = assertThrows(BadInputException.class, () -> encoder(null, 99, OverLong.ERROR)
                        .encode(List.of(chat("a", "b"))))
                .getMessage();
        assertTrue(message.contains("Trainer.chat"), message);
    }

    @Test
    void ofAPreferencePairBothAnswersAreTrainedAfterTheSamePrompt() {
        Example.Preference pair = new Example.Preference(
                "f:1",
                List.of(Map.of("role", "user", "content", "hello")),
                List.of(Map.of("role", "assistant", "content", "you")),
                List.of(Map.of("role", "assistant", "content", "there")),
                List.of());
        ExampleEncoder.EncodedPair encoded =
                encoder(CHAT, 99, OverLong.DROP).encodePair(pair).orElseThrow();
        assertEquals("<s><u>hello<e>\n<a>[you<e>]\n", marked(encoded.chosen()));
        assertEquals("<s><u>hello<e>\n<a>[there<e>]\n", marked(encoded.rejected()));
        assertTrue(encoder(CHAT, 5, OverLong.DROP).encodePair(pair).isEmpty());
        assertThrows(
                BadInputException.class, () -> encoder(CHAT, 99, OverLong.SPLIT).encodePair(pair));
        assertEquals(
                marked(encoded.chosen()),
                marked(encoder(CHAT, 99, OverLong.ERROR).encode(List.of(pair)).get(0)));
    }

    @Test
    void answersThatAreNotWantedAreLeftOutAndCounted() {
        List<Map<String, Object>> asked = List.of(Map.of("role", "user", "content", "hello"));
        List<Map<String, Object>> answer = List.of(Map.of("role", "assistant", "content", "you"));
        ExampleEncoder encoder = encoder(CHAT, 99, OverLong.ERROR);
        List<EncodedExample> encoded = encoder.encode(List.of(
                new Example.Labelled("f:1", asked, answer, true, List.of()),
                new Example.Labelled("f:2", asked, answer, false, List.of())));
        assertEquals(1, encoded.size());
        assertEquals(1, encoder.counts().unwanted());
    }

    @Test
    void tokensMadeElsewhereAreTakenAsTheyAre() {
        int[] ids = TOKENIZER.encode("hello you", true, false);
        List<Integer> list = Arrays.stream(ids).boxed().toList();
        List<Float> weights = new ArrayList<>(Collections.nCopies(ids.length, 0f));
        weights.set(ids.length - 1, 1f);
        ExampleEncoder encoder = encoder(null, 99, OverLong.ERROR);
        EncodedExample encoded = encoder.encode(List.of(new Example.Tokens("f:1", list, weights)))
                .get(0);
        assertEquals("hello you", TOKENIZER.decode(encoded.tokens(), false));
        assertEquals(1, encoded.weights()[ids.length - 2]);
        assertEquals(1, encoded.weight());
        Example foreign = new Example.Tokens("f:2", List.of(1, 300_000), List.of(1f, 1f));
        String message = assertThrows(BadInputException.class, () -> encoder.encode(List.of(foreign)))
                .getMessage();
        assertTrue(message.startsWith("f:2: expected token ids below"), message);
    }
}
