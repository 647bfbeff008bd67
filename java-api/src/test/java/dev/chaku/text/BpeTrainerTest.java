package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTrainerTest {
    private static final List<String> TEXTS = List.of(
            "The llama and the alpaca walk to the market. The market sells wool, and wool makes coats.",
            "<|im_start|>user\nWhere is the llama?<|im_end|>\n<|im_start|>assistant\nThe llama is at the market.<|im_end|>\n",
            "着物は毛で作ります。毛は温かいです。",
            "Coats keep the market warm; 12 coats, 12 llamas, 120 alpacas.");

    private static BpeTrainer trainer(int size) {
        return new BpeTrainer(size).bos("<s>").special("<|im_start|>").eos("<|im_end|>");
    }

    @Test
    void firstMergesAreTheMostFrequentPairs() {
        BpeVocabulary vocabulary = new BpeTrainer(258).train(List.of("abab abab", "abab"));
        assertEquals(List.of("a b", "ab ab"), vocabulary.merges());
        assertEquals(List.of("ab", "abab"), vocabulary.tokens().subList(256, 258));
    }

    @Test
    void tiesGoToTheLeastSymbols() {
        assertEquals(
                List.of("b c", "x y"),
                new BpeTrainer(300).train(List.of("xy xy", "bc\nbc")).merges());
    }

    @Test
    void trainingTwiceGivesTheSame() {
        assertEquals(trainer(330).train(TEXTS), trainer(330).train(TEXTS));
    }

    @Test
    void textsComeBackAndGetShorter() {
        BpeVocabulary vocabulary = trainer(340).train(TEXTS);
        Tokenizer tokenizer = vocabulary.tokenizer();
        assertEquals(vocabulary.size(), tokenizer.vocabSize());
        int tokens = 0;
        int chars = 0;
        List<String> all = new ArrayList<>(TEXTS);
        all.add("never seen: \u0000 ÿ 🦙\r\n\t x");
        for (String text : all) {
            int[] ids = tokenizer.encode(text, false, true);
            assertEquals(text, tokenizer.decode(ids, true));
            tokens += ids.length;
            chars += text.length();
        }
        assertTrue(tokens < 0.7 * chars, tokens + " tokens of " + chars + " characters");
    }

    @Test
    void specialTokensStandLastAndAreWhole() {
        BpeVocabulary vocabulary = trainer(340).train(TEXTS);
        Tokenizer tokenizer = vocabulary.tokenizer();
        int size = vocabulary.size();
        assertEquals(
                List.of("<s>", "<|im_start|>", "<|im_end|>"),
                vocabulary.tokens().subList(size - 3, size));
        assertEquals(OptionalInt.of(size - 3), tokenizer.bos());
        assertEquals(OptionalInt.of(size - 1), tokenizer.eos());
        assertTrue(tokenizer.isEndOfGeneration(size - 1)
                && tokenizer.isSpecial(size - 2)
                && !tokenizer.isSpecial(size - 4));
        assertArrayEquals(
                new int[] {size - 3, size - 2, 'u', size - 1}, tokenizer.encode("<|im_start|>u<|im_end|>", true, true));
        assertFalse(vocabulary.merges().stream().anyMatch(merge -> merge.contains("|")), "learned from special tokens");
    }

    @Test
    void tokensAreDistinctAndSmallTextsGiveFewer() {
        BpeVocabulary vocabulary = trainer(5_000).train(TEXTS);
        assertTrue(vocabulary.size() < 600 && vocabulary.size() > 300, "size " + vocabulary.size());
        assertEquals(vocabulary.size(), new HashSet<>(vocabulary.tokens()).size());
        assertEquals(259, trainer(259).train(TEXTS).size());
        assertEquals(256, new BpeTrainer(300).train(List.of()).size());
    }

    @Test
    void metadataSurviveAFile(@TempDir Path folder) {
        BpeVocabulary vocabulary = trainer(340).train(TEXTS);
        GgufWriter.to(folder.resolve("v.gguf")).putAll(vocabulary.metadata()).write();
        Tokenizer read = Tokenizers.of(GgufFile.read(folder.resolve("v.gguf")));
        for (String text : TEXTS) {
            assertArrayEquals(vocabulary.tokenizer().encode(text, true, true), read.encode(text, true, true));
        }
    }

    @Test
    void badArgumentsAreNamed() {
        assertThrows(
                BadInputException.class, () -> new BpeTrainer(258).special("a").special("a"));
        assertThrows(
                BadInputException.class, () -> new BpeTrainer(256).special("a").train(TEXTS));
        assertThrows(BadInputException.class, () -> new BpeTrainer(300).preTokenizer("no such"));
    }
}
