package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Gemma 4's kind: characters merged by the rank of their pair. */
class CharacterPairsTest {
    private static final List<String> MERGES = List.of("b c", "a b", "▁ a", "\n \n", "\n\n \n", "▁a bc", "a \n");

    private static Tokenizer tokenizer(List<String> merges, String... characters) {
        Set<String> tokens = new LinkedHashSet<>(Arrays.asList(characters));
        merges.forEach(merge -> tokens.add(merge.replace(" ", "")));
        TinyVocabularies vocabulary = new TinyVocabularies("gemma4")
                .tokens(TinyVocabularies.CONTROL, "<pad>", "<eos>", "<bos>")
                .tokens(TinyVocabularies.UNKNOWN, "<unk>");
        for (int value = 0; value < 256; value++) {
            vocabulary.token(String.format("<0x%02X>", value), TinyVocabularies.BYTE, 0);
        }
        return vocabulary
                .tokens(TinyVocabularies.NORMAL, tokens.toArray(String[]::new))
                .put("merges", GgufValue.of(merges))
                .put("add_bos_token", GgufValue.of(false))
                .tokenizer();
    }

    private static String pieces(Tokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text, false, false))
                .mapToObj(tokenizer::piece)
                .collect(Collectors.joining("|"));
    }

    @Test
    void theLeastRankMergesFirstAndTheLeftmostOfEquals() {
        Tokenizer tokenizer = tokenizer(MERGES, "a", "b", "c", "▁", "\n");
        assertEquals("a|bc", pieces(tokenizer, "abc"));
        assertEquals("▁abc|▁|▁|ab", pieces(tokenizer, " abc  ab"));
    }

    @Test
    void newlinesInARowAreAPieceOfTheirOwn() {
        Tokenizer tokenizer = tokenizer(MERGES, "a", "b", "c", "▁", "\n");
        assertEquals("a|\n\n\n|bc", pieces(tokenizer, "a\n\n\nbc")); // never a\n
        assertEquals("\n\n|\n\n", pieces(tokenizer, "\n\n\n\n"));
        // A run that is a token stays whole though no merge makes it.
        Tokenizer whole = tokenizer(List.of("a b"), "a", "b", "\n", "\n\n");
        assertEquals("\n\n|a|\n", pieces(whole, "\n\na\n"));
    }

    @Test
    void whatIsNoTokenBecomesBytesAndTextsBeginWithBos() {
        Tokenizer tokenizer = tokenizer(MERGES, "a", "b", "c", "▁", "\n");
        assertEquals("a|<0xE7>|<0x9D>|<0x80>", pieces(tokenizer, "a着"));
        int[] ids = tokenizer.encode("a b着", true, false);
        assertEquals(2, ids[0], "BOS in spite of add_bos_token = false");
        assertEquals("a b着", tokenizer.decode(ids, false));
    }

    @Test
    void aMergeOfWhatIsNoTokenIsNamed() {
        String message = assertThrows(BadInputException.class, () -> tokenizer(List.of("a b", "a x"), "a", "b"))
                .getMessage();
        assertTrue(message.contains("tokenizer.ggml.merges") && message.contains("'a x' as 1"), message);
    }

    /** Against merging by looking at all pairs each time. */
    @Test
    void randomTextsMergeAsByHand() {
        Random random = new Random(5);
        for (int round = 0; round < 50; round++) {
            List<String> tokens = new ArrayList<>(List.of("a", "b", "é", "▁", "\n"));
            List<String> merges = new ArrayList<>();
            while (merges.size() < 25) {
                String left = tokens.get(random.nextInt(tokens.size()));
                String right = tokens.get(random.nextInt(tokens.size()));
                if (left.length() + right.length() < 8 && !merges.contains(left + " " + right)) {
                    merges.add(left + " " + right);
                    if (!tokens.contains(left + right)) {
                        tokens.add(left + right);
                    }
                }
            }
            Tokenizer tokenizer = tokenizer(merges, "a", "b", "é", "▁", "\n");
            for (int i = 0; i < 40; i++) {
                String text = random.ints(random.nextInt(30), 0, 5)
                        .mapToObj("abé \n"::charAt)
                        .map(String::valueOf)
                        .collect(Collectors.joining());
                assertEquals(byHand(text, merges, tokens), pieces(tokenizer, text));
            }
        }
    }

    private static String byHand(String text, List<String> merges, List<String> tokens) {
        Map<String, Integer> ranks = new HashMap<>();
        for (int rank = 0; rank < merges.size(); rank++) {
            ranks.put(merges.get(rank), rank);
        }
        List<String> all = new ArrayList<>();
        for (String run : text.replace(' ', '▁').split("(?<=\n)(?!\n)|(?<!\n)(?=\n)")) {
            if (run.startsWith("\n") && tokens.contains(run)) {
                all.add(run);
                continue;
            }
            List<String> symbols = new ArrayList<>(run.isEmpty() ? List.of() : List.of(run.split("")));
            while (true) {
                int best = -1;
                int least = Integer.MAX_VALUE;
                for (int i = 0; i + 1 < symbols.size(); i++) {
                    int rank = ranks.getOrDefault(symbols.get(i) + " " + symbols.get(i + 1), Integer.MAX_VALUE);
                    if (rank < least) {
                        least = rank;
                        best = i;
                    }
                }
                if (best < 0) {
                    break;
                }
                symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
            }
            all.addAll(symbols);
        }
        return String.join("|", all);
    }
}
