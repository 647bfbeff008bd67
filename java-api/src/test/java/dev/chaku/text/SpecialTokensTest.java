package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SpecialTokensTest {
    private static Tokenizer tokenizer() {
        return TinyVocabularies.bytePairs("qwen2", "a b")
                .tokens(TinyVocabularies.CONTROL, "<|a|>", "<|a|>b")
                .tokens(TinyVocabularies.USER_DEFINED, "  ", "   ", "abcd", "xab")
                .tokenizer();
    }

    private static List<String> pieces(Tokenizer tokenizer, String text, boolean parseSpecial) {
        return Arrays.stream(tokenizer.encode(text, false, parseSpecial))
                .mapToObj(tokenizer::piece)
                .toList();
    }

    @Test
    void controlTokensOnlyWhereAskedFor() {
        assertEquals(List.of("c", "<|a|>", "c"), pieces(tokenizer(), "c<|a|>c", true));
        assertEquals(List.of("c", "<", "|", "a", "|", ">", "c"), pieces(tokenizer(), "c<|a|>c", false));
    }

    @Test
    void userDefinedTokensAlways() {
        assertEquals(List.of("   ", "  ", "ab"), pieces(tokenizer(), "     ab", false));
    }

    @Test
    void longerTokensGoFirst() {
        assertEquals(List.of("<|a|>b", "<|a|>", "c"), pieces(tokenizer(), "<|a|>b<|a|>c", true));
        assertEquals(List.of("x", "abcd", "xab"), pieces(tokenizer(), "xabcdxab", false));
    }

    @Test
    void textOfOnlySpecialTokens() {
        Tokenizer tokenizer = tokenizer();
        int id = tokenizer.idOf("<|a|>").orElseThrow();
        assertArrayEquals(new int[] {id, id, id}, tokenizer.encode("<|a|><|a|><|a|>", false, true));
        assertArrayEquals(new int[0], tokenizer.encode("", false, true));
    }

    @Test
    void phi3TokensSwallowWhatFollows() {
        Map<String, GgufValue> values =
                new LinkedHashMap<>(TinyVocabularies.sentencePiece().metadata().asMap());
        values.put("general.name", GgufValue.of("Phi-3 mini"));
        Tokenizer tokenizer = Tokenizers.of(new GgufMetadata("tiny", values));
        assertEquals(List.of("<tool>", "\u2581a"), pieces(tokenizer, "<tool> \n\ta", true));
        assertEquals(List.of("<s>", "\u2581", "\u2581a"), pieces(tokenizer, "<s> a", true));
    }
}
