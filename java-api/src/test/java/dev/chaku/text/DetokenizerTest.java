package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.gguf.GgufValue;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DetokenizerTest {
    @Test
    void specialAndUnusedTokensAreLeftOut() {
        Tokenizer tokenizer = TinyVocabularies.bytePairs("qwen2")
                .tokens(TinyVocabularies.CONTROL, "<c>")
                .tokens(TinyVocabularies.UNUSED, "<u>")
                .tokens(TinyVocabularies.USER_DEFINED, "<d>")
                .token("<0xE7>", TinyVocabularies.BYTE, 0)
                .tokenizer();
        assertEquals("a<d>", tokenizer.decode(new int[] {'a', 256, 257, 258}, false));
        assertEquals("a<c><d>", tokenizer.decode(new int[] {'a', 256, 257, 258}, true));
        assertEquals("着", tokenizer.decode(new int[] {259, 0x9d, 0x80}, true));
    }

    @Test
    void idsOutsideTheVocabularyAreRefused() {
        Tokenizer tokenizer = TinyVocabularies.bytePairs("qwen2").tokenizer();
        assertThrows(IndexOutOfBoundsException.class, () -> tokenizer.decode(new int[] {256}, true));
        assertThrows(IndexOutOfBoundsException.class, () -> tokenizer.piece(-1));
    }

    @Test
    void spacesBeforePunctuationGoWhereTheModelIsOfThatKind() {
        Tokenizer cleaning = TinyVocabularies.bytePairs("gpt-2").tokenizer();
        Tokenizer plain = TinyVocabularies.bytePairs("qwen2").tokenizer();
        for (List<String> pair : List.of(
                List.of("a . b , c ! d ?", "a. b, c! d?"),
                List.of("it 's I 'm we 're we 've he 'll don 't", "it's I'm we're we've he 'll don 't"),
                List.of("a ' b", "a'b"),
                List.of("", ""),
                List.of(" .", "."),
                List.of("  .", " ."),
                List.of("着 。", "着 。"))) {
            String text = pair.get(0);
            assertEquals(pair.get(1), cleaning.decode(cleaning.encode(text, false, false), false));
            assertEquals(text, plain.decode(plain.encode(text, false, false), false));
        }
    }

    @Test
    void theDecoderGivesWholeCharactersOnly() {
        Tokenizer tokenizer = TinyVocabularies.bytePairs("qwen2").tokenizer();
        TokenDecoder decoder = tokenizer.decoder(false);
        assertEquals("a", decoder.add('a'));
        assertEquals("", decoder.add(0xe7));
        assertEquals("", decoder.add(0x9d));
        assertEquals("着", decoder.add(0x80));
        assertEquals("", decoder.add(0xf0));
        assertEquals("\ufffdb", decoder.add('b'));
        assertEquals("", decoder.add(0xe7));
        assertEquals("\ufffd", decoder.finish());
        assertEquals("", decoder.finish());
    }

    @Test
    void pieceByPieceGivesTheWholeWhateverTheBytes() {
        Tokenizer tokenizer = TinyVocabularies.bytePairs("qwen2")
                .put("add_bos_token", GgufValue.of(false))
                .tokenizer();
        int[] lively = {
            'a', ' ', 0x80, 0xbf, 0xc0, 0xc2, 0xc3, 0xe0, 0xe7, 0x9d, 0xed, 0xa0, 0xf0, 0x9f, 0xa6, 0x99, 0xf4, 0x90,
            0xf5, 0xff
        };
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 20_000; round++) {
            int[] ids = new int[random.nextInt(1, 10)];
            StringBuilder pieces = new StringBuilder();
            TokenDecoder decoder = tokenizer.decoder(true);
            for (int i = 0; i < ids.length; i++) {
                ids[i] = lively[random.nextInt(lively.length)];
                pieces.append(decoder.add(ids[i]));
            }
            assertEquals(
                    tokenizer.decode(ids, true), pieces.append(decoder.finish()).toString());
        }
    }
}
