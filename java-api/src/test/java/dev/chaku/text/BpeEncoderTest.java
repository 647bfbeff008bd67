package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.gguf.GgufValue;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BpeEncoderTest {
    private static final String SPACE = "\u0120";

    @Test
    void leastRankMergesFirstAndLeftmostOfEquals() {
        Tokenizer tokenizer =
                TinyVocabularies.bytePairs("gpt-2", "b c", "a b", "a a", "ab c").tokenizer();
        assertPieces(tokenizer, "abc", "a", "bc");
        assertPieces(tokenizer, "ab", "ab");
        assertPieces(tokenizer, "aaaaa", "aa", "aa", "a");
        assertPieces(tokenizer, "abab", "ab", "ab");
    }

    @Test
    void mergesStayWithinWords() {
        Tokenizer tokenizer =
                TinyVocabularies.bytePairs("gpt-2", "a " + SPACE, SPACE + " a").tokenizer();
        assertPieces(tokenizer, "a a", "a", SPACE + "a");
    }

    @Test
    void aMergeMayPassThroughWhatIsNoToken() {
        Tokenizer tokenizer = new TinyVocabularies("gpt2")
                .put("pre", GgufValue.of("gpt-2"))
                .put("merges", GgufValue.of(List.of("a b", "ab c")))
                .tokens(TinyVocabularies.NORMAL, "a", "b", "c", "abc")
                .tokenizer();
        assertPieces(tokenizer, "abc", "abc");
        assertPieces(tokenizer, "ab", "a", "b");
        assertPieces(tokenizer, "é", new String[0]);
    }

    @Test
    void someModelsTakeAWholeWordBeforeMerging() {
        String[] merges = {"a b", "b c", "ab c"};
        TinyVocabularies plain = TinyVocabularies.bytePairs("qwen2", merges).tokens(TinyVocabularies.NORMAL, "xyz");
        assertPieces(plain.tokenizer(), "xyz", "x", "y", "z");
        TinyVocabularies whole = TinyVocabularies.bytePairs("llama-bpe", merges)
                .tokens(TinyVocabularies.NORMAL, "xyz")
                .put("add_bos_token", GgufValue.of(false));
        assertPieces(whole.tokenizer(), "xyz", "xyz");
    }

    @Test
    void longAndShortWordsMergeAlike() {
        // Brute force: scan for the pair of least rank, again and again.
        String[] merges = {"a b", "b a", "ab a", "ba ba", "aba b", "a a", "b b", "bb aa"};
        Tokenizer tokenizer = TinyVocabularies.bytePairs("gpt-2", merges).tokenizer();
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 2_000; round++) {
            StringBuilder word = new StringBuilder();
            for (int i = random.nextInt(1, 80); i > 0; i--) {
                word.append(random.nextBoolean() ? 'a' : 'b');
            }
            assertPieces(tokenizer, word.toString(), bruteForce(word.toString(), merges));
        }
    }

    @Test
    void manyThreadsGetTheSameIds() {
        Tokenizer tokenizer =
                TinyVocabularies.bytePairs("gpt-2", "a b", "ab c", SPACE + " a").tokenizer();
        List<String> texts = IntStream.range(0, 200)
                .mapToObj(i -> "abc".repeat(i % 7) + " a" + Integer.toString(i * 977, 36))
                .toList();
        List<int[]> alone =
                texts.stream().map(text -> tokenizer.encode(text, false, false)).toList();
        IntStream.range(0, 20_000)
                .parallel()
                .forEach(
                        i -> assertArrayEquals(alone.get(i % 200), tokenizer.encode(texts.get(i % 200), false, false)));
    }

    private static String[] bruteForce(String word, String[] merges) {
        String text = String.join(" ", word.split(""));
        boolean merged = true;
        while (merged) {
            merged = false;
            for (int rank = 0; rank < merges.length && !merged; rank++) {
                List<String> symbols = List.of(text.split(" "));
                for (int i = 0; i + 1 < symbols.size() && !merged; i++) {
                    if ((symbols.get(i) + " " + symbols.get(i + 1)).equals(merges[rank])) {
                        String joined = symbols.get(i) + symbols.get(i + 1);
                        text = String.join(" ", symbols.subList(0, i)) + " " + joined + " "
                                + String.join(" ", symbols.subList(i + 2, symbols.size()));
                        text = text.strip();
                        merged = true;
                    }
                }
            }
        }
        return text.split(" ");
    }

    private static void assertPieces(Tokenizer tokenizer, String text, String... pieces) {
        assertEquals(
                List.of(pieces),
                Arrays.stream(tokenizer.encode(text, false, false))
                        .mapToObj(tokenizer::piece)
                        .toList(),
                text);
    }
}
