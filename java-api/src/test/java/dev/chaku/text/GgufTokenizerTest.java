package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.gguf.GgufValue;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands around a text, where the metadata ask for a token before it, one after it, or both. */
class GgufTokenizerTest {
    private static Tokenizer tokenizer(boolean addBos, boolean addEos) {
        return TinyVocabularies.sentencePiece()
                .tokens(TinyVocabularies.CONTROL, "<|im_end|>")
                .put("add_bos_token", GgufValue.of(addBos))
                .put("add_eos_token", GgufValue.of(addEos))
                .tokenizer();
    }

    private static String pieces(Tokenizer tokenizer, int[] ids) {
        return Arrays.stream(ids).mapToObj(tokenizer::piece).collect(Collectors.joining(" "));
    }

    private static String whole(String text) {
        Tokenizer tokenizer = tokenizer(true, true);
        return pieces(tokenizer, tokenizer.encode(text, true, true));
    }

    @Test
    void aWholeTextGetsWhatTheMetadataAskFor() {
        assertEquals("<s> \u2581ab </s>", whole("ab"));
        assertEquals("<s> </s>", whole(""));
        Tokenizer bare = tokenizer(false, false);
        assertEquals("\u2581ab", pieces(bare, bare.encode("ab", true, true)));
    }

    @Test
    void whatATextSpellsIsNotAddedASecondTime() {
        assertEquals("<s> \u2581ab </s>", whole("<s>ab"));
        assertEquals("<s> \u2581ab </s>", whole("ab</s>"));
        assertEquals("<s> \u2581ab </s>", whole("<s>ab</s>"));
        assertEquals("<s> \u2581ab </s> <s> \u2581a </s>", whole("<s>ab</s><s>a</s>"));
    }

    @Test
    void whiteSpaceAroundWhatIsSpelledChangesNothing() {
        assertEquals(1, whole("\n <s>ab").split("<s>", -1).length - 1);
        assertEquals(1, whole("ab</s> \n").split("</s>", -1).length - 1);
    }

    @Test
    void anyTokenThatEndsGenerationEndsAText() {
        assertEquals("<s> \u2581ab <|im_end|>", whole("ab<|im_end|>"));
    }

    @Test
    void asPlainTextNothingIsSpelled() {
        Tokenizer tokenizer = tokenizer(true, true);
        List<Integer> ids = Arrays.stream(tokenizer.encode("<s>ab</s>", true, false))
                .boxed()
                .toList();
        assertEquals(1, ids.get(0));
        assertEquals(2, ids.get(ids.size() - 1));
        assertEquals(
                List.of(),
                ids.subList(1, ids.size() - 1).stream().filter(id -> id <= 2).toList());
    }

    /** The flag tells how a whole text is encoded, and a prompt is none. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPromptHasNoEndAfterIt(boolean addEos) {
        Tokenizer tokenizer = tokenizer(true, addEos);
        assertEquals("<s> \u2581ab", pieces(tokenizer, tokenizer.encodePrompt("ab", true)));
        assertEquals("<s> \u2581ab", pieces(tokenizer, tokenizer.encodePrompt("<s>ab", true)));
        assertEquals("<s> \u2581ab </s>", pieces(tokenizer, tokenizer.encodePrompt("ab</s>", true)));
        assertEquals("<s>", pieces(tokenizer, tokenizer.encodePrompt("", false)));
    }
}
