package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Texts of any characters: they become tokens of the vocabulary, and what keeps every byte gives the text back. */
class TokenizerFuzzTest {
    private static final Tokenizer SENTENCE_PIECE =
            TinyVocabularies.sentencePiece().tokenizer();
    private static final Tokenizer WORD_PIECE = TinyVocabularies.wordPiece().tokenizer();
    private static final Tokenizer UNIGRAM = TinyVocabularies.unigram().tokenizer();
    private static final List<Tokenizer> BYTE_PAIRS = List.of(
            bytePairs("default"),
            bytePairs("gpt-2"),
            bytePairs("llama-bpe"),
            bytePairs("qwen2"),
            bytePairs("deepseek-llm"));

    private static Tokenizer bytePairs(String pre) {
        return TinyVocabularies.bytePairs(pre, "a b", "ab c", "Ġ a", "1 2", "Ġ Ġ", "Ċ Ċ")
                .tokens(TinyVocabularies.CONTROL, "<|end|>")
                .tokenizer();
    }

    @FuzzTest
    void bytePairs(byte[] bytes) {
        String text = text(bytes);
        for (Tokenizer tokenizer : BYTE_PAIRS) {
            requireKnown(tokenizer, text);
            assertEquals(text, running(tokenizer, tokenizer.encode(text, false, false)));
        }
    }

    @FuzzTest
    void sentencePiece(byte[] bytes) {
        // The vocabulary's sign for a space, and its user-defined token, after which a text begins anew, with a space.
        String text = text(bytes).replace('\u2581', '_').replace("<tool>", "(tool)");
        requireKnown(SENTENCE_PIECE, text);
        String prefixed = text.isEmpty() ? "" : " " + text;
        assertEquals(prefixed, running(SENTENCE_PIECE, SENTENCE_PIECE.encode(text, false, false)));
    }

    @FuzzTest
    void wordPiece(byte[] bytes) {
        requireKnown(WORD_PIECE, text(bytes));
    }

    @FuzzTest
    void unigram(byte[] bytes) {
        requireKnown(UNIGRAM, text(bytes));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void requireKnown(Tokenizer tokenizer, String text) {
        int[] ids = tokenizer.encode(text, true, true);
        for (int id : ids) {
            assertTrue(id >= 0 && id < tokenizer.vocabSize(), "token " + id);
        }
        tokenizer.decode(ids, true);
    }

    private static String running(Tokenizer tokenizer, int[] ids) {
        TokenDecoder decoder = tokenizer.decoder(true);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(decoder.add(id));
        }
        return text.append(decoder.finish()).toString();
    }
}
