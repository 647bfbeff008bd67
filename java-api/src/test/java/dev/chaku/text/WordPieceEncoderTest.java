package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufValue;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class WordPieceEncoderTest {
    private final Tokenizer tokenizer = TinyVocabularies.wordPiece().tokenizer();

    @Test
    void longestPieceFromTheLeft() {
        assertPieces("UNwanted,running", "\u2581un", "want", "ed", "\u2581,", "\u2581runn", "ing");
        assertPieces("want ed", "\u2581want", "[UNK]");
    }

    @Test
    void aWordIsTakenApartWhollyOrUnknown() {
        assertPieces("unwantedX want", "[UNK]", "\u2581want");
    }

    @Test
    void textIsCleaned() {
        assertPieces("\u0000Caf\u00e9\u200d\u00a0wan\u0301t\ufffd", "\u2581cafe", "\u2581want");
        assertPieces("want\u7740want$", "\u2581want", "\u2581\u7740", "\u2581want", "\u2581$");
    }

    @Test
    void caseAndAccentsStayWhereTheMetadataSaySo() {
        Tokenizer cased = TinyVocabularies.wordPiece()
                .put("normalizer.lowercase", GgufValue.of(false))
                .tokenizer();
        assertArrayEquals(new int[] {1}, cased.encode("Want", false, false));
        assertArrayEquals(new int[] {1}, cased.encode("café", false, false));
        Tokenizer stripped = TinyVocabularies.wordPiece()
                .put("normalizer.lowercase", GgufValue.of(false))
                .put("normalizer.strip_accents", GgufValue.of(true))
                .tokenizer();
        assertEquals(
                List.of("\u2581cafe"),
                Arrays.stream(stripped.encode("café", false, false))
                        .mapToObj(stripped::piece)
                        .toList());
    }

    @Test
    void textsStandBetweenTwoTokens() {
        assertArrayEquals(new int[] {2, 3}, tokenizer.encode("", true, false));
        assertArrayEquals(new int[] {2, 10, 3, 3}, tokenizer.encode("want[SEP]", true, true));
        assertThrows(BadInputException.class, () -> new TinyVocabularies("bert")
                .tokens(TinyVocabularies.NORMAL, "a")
                .put("add_bos_token", GgufValue.of(false))
                .tokenizer());
    }

    private void assertPieces(String text, String... pieces) {
        assertEquals(
                List.of(pieces),
                Arrays.stream(tokenizer.encode(text, false, false))
                        .mapToObj(tokenizer::piece)
                        .toList());
    }
}
