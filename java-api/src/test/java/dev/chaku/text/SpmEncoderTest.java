package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufValue;
import org.junit.jupiter.api.Test;

class SpmEncoderTest {
    private final Tokenizer tokenizer = TinyVocabularies.sentencePiece().tokenizer();

    private int[] ids(String... pieces) {
        int[] ids = new int[pieces.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = tokenizer.idOf(pieces[i]).orElseThrow();
        }
        return ids;
    }

    @Test
    void greatestScoreMergesFirst() {
        // "bc" (-2) goes before "ab" (-3), which leaves "▁a".
        assertArrayEquals(ids("\u2581a", "bc"), tokenizer.encode("abc", false, false));
        assertArrayEquals(ids("\u2581ab", "ab"), tokenizer.encode("abab", false, false));
        assertArrayEquals(ids("\u2581ab", "\u2581a", "bc"), tokenizer.encode("ab abc", false, false));
    }

    @Test
    void whatIsNoTokenBecomesBytes() {
        assertArrayEquals(ids("\u2581", "<0xE7>", "<0x9D>", "<0x80>"), tokenizer.encode("着", false, false));
        assertEquals(
                "着 a",
                tokenizer.decode(tokenizer.encode("着 a", true, false), false).strip());
    }

    @Test
    void textsBeginWithBosAndSpecialTokensWithASpaceAfter() {
        assertArrayEquals(ids("<s>"), tokenizer.encode("", true, false));
        assertArrayEquals(new int[0], tokenizer.encode("", false, false));
        assertArrayEquals(ids("<s>", "\u2581a", "</s>", "\u2581a"), tokenizer.encode("a</s>a", true, true));
        assertArrayEquals(ids("\u2581a", "<tool>", "\u2581a"), tokenizer.encode("a<tool>a", false, false));
    }

    @Test
    void settingsOfTheMetadataHold() {
        Tokenizer other = TinyVocabularies.sentencePiece()
                .put("add_bos_token", GgufValue.of(false))
                .put("add_eos_token", GgufValue.of(true))
                .put("add_space_prefix", GgufValue.of(false))
                .tokenizer();
        assertArrayEquals(ids("a", "</s>"), other.encode("a", true, false));
        assertEquals(" a", other.decode(ids("\u2581a"), false));
        assertEquals("a", tokenizer.decode(ids("\u2581a"), false));
    }

    @Test
    void aTokenAcrossWordsMergesAcrossWords() {
        Tokenizer across = TinyVocabularies.sentencePiece()
                .token("a\u2581b", TinyVocabularies.NORMAL, 5)
                .token("a\u2581", TinyVocabularies.NORMAL, 6)
                .tokenizer();
        assertArrayEquals(
                new int[] {
                    across.idOf("\u2581").orElseThrow(), across.idOf("a\u2581b").orElseThrow()
                },
                across.encode("a b", false, false));
    }

    @Test
    void withoutBytesTheUnknownTokenStandsInOrAnErrorDoes() {
        TinyVocabularies few = new TinyVocabularies("llama")
                .tokens(TinyVocabularies.UNKNOWN, "<unk>")
                .tokens(TinyVocabularies.CONTROL, "<s>", "</s>")
                .tokens(TinyVocabularies.NORMAL, "\u2581", "a");
        assertArrayEquals(new int[] {3, 4, 0, 4}, few.tokenizer().encode("axa", false, false));
        Tokenizer none = new TinyVocabularies("llama")
                .tokens(TinyVocabularies.NORMAL, "\u2581")
                .put("unknown_token_id", GgufValue.ofUint32(9))
                .put("add_bos_token", GgufValue.of(false))
                .tokenizer();
        assertArrayEquals(new int[] {0, 0}, none.encode("x", false, false));
    }

    @Test
    void aVocabularyThatAddsABosItLacksIsRefused() {
        BadInputException e = assertThrows(BadInputException.class, () -> new TinyVocabularies("llama")
                .tokens(TinyVocabularies.NORMAL, "a")
                .tokenizer());
        assertTrue(
                e.getMessage().startsWith("tiny: metadata key 'tokenizer.ggml.bos_token_id' expects"), e.getMessage());
    }
}
