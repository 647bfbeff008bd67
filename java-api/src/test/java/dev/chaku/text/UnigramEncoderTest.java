package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.gguf.GgufArray;
import dev.chaku.gguf.GgufMetadata;
import dev.chaku.gguf.GgufValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UnigramEncoderTest {
    private final List<String> tokens = new ArrayList<>(List.of("<pad>", "</s>", "<unk>"));
    private final List<Float> scores = new ArrayList<>(List.of(0f, 0f, 0f));
    private final Map<String, GgufValue> more = new LinkedHashMap<>();

    private UnigramEncoderTest token(String spelling, double score) {
        tokens.add(spelling);
        scores.add((float) score);
        return this;
    }

    private Tokenizer tokenizer() {
        int[] kinds = IntStream.range(0, tokens.size())
                .map(id -> id < 2 ? 3 : id == 2 ? 2 : 1)
                .toArray();
        float[] numbers = new float[scores.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = scores.get(i);
        }
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("tokenizer.ggml.model", GgufValue.of("t5"));
        metadata.put("tokenizer.ggml.tokens", GgufArray.Strings.of(tokens));
        metadata.put("tokenizer.ggml.scores", GgufValue.of(numbers));
        metadata.put("tokenizer.ggml.token_type", GgufValue.of(kinds));
        metadata.put("tokenizer.ggml.add_space_prefix", GgufValue.of(true));
        metadata.put("tokenizer.ggml.remove_extra_whitespaces", GgufValue.of(true));
        metadata.putAll(more);
        return Tokenizers.of(new GgufMetadata("m.gguf", metadata));
    }

    private static List<String> pieces(Tokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text, false, false))
                .mapToObj(tokenizer::piece)
                .toList();
    }

    @Test
    void theGreatestSumWins() {
        token("\u2581", -2)
                .token("a", -1)
                .token("b", -1)
                .token("ab", -1.5)
                .token("\u2581ab", -5)
                .token("aba", -2.4);
        Tokenizer tokenizer = tokenizer();
        assertEquals(List.of("\u2581", "ab"), pieces(tokenizer, "ab"));
        assertEquals(
                List.of("\u2581", "ab", "ab"), pieces(tokenizer, "abab"), "-3 behind the mark, the other way -3.4");
        assertEquals(List.of("\u2581", "aba"), pieces(tokenizer, "aba"), "-2.4, the other ways -2.5 and -3");
        assertArrayEquals(new int[] {1}, tokenizer.encode("", true, false));
    }

    @Test
    void spacesAsSentencePieceHasThem() {
        token("\u2581", -2).token("a", -1);
        assertEquals(List.of("\u2581", "a", "\u2581", "a"), pieces(tokenizer(), "  a   a  "));
        more.put("tokenizer.ggml.remove_extra_whitespaces", GgufValue.of(false));
        assertEquals(
                List.of("\u2581", "\u2581", "a", "\u2581", "\u2581", "a", "\u2581"), pieces(tokenizer(), " a  a "));
        more.put("tokenizer.ggml.add_space_prefix", GgufValue.of(false));
        assertEquals(List.of("a"), pieces(tokenizer(), "a"));
        assertEquals("a a", tokenizer().decode(tokenizer().encode("a a", false, false), false));
    }

    @Test
    void unknownCharactersInARowAreOne() {
        token("\u2581", -2).token("a", -1);
        assertEquals(List.of("\u2581", "<unk>", "a", "<unk>"), pieces(tokenizer(), "\u00e9\ud83d\ude00axyz"));
        tokens.set(3, "_");
        assertEquals(List.of("<unk>", "a", "<unk>", "a"), pieces(tokenizer(), "a x a"), "over the ends of words, too");
    }

    @Test
    void tableAndSpaces() {
        token("\u2581", -2).token("A", -1);
        more.put(
                "tokenizer.ggml.precompiled_charsmap",
                GgufArray.Numbers.of(CharacterTables.blob(Map.of("\uff21", "A", "\u3000", " ", "\t", " "))));
        assertEquals(List.of("\u2581", "A", "\u2581", "A"), pieces(tokenizer(), "\t\uff21 \u3000\tA\u3000"));
    }

    /** Against all ways to write a text. */
    @Test
    void randomVocabularies() {
        Random random = new Random(11);
        for (int round = 0; round < 60; round++) {
            tokens.subList(3, tokens.size()).clear();
            scores.subList(3, scores.size()).clear();
            token("\u2581", -3);
            for (int i = 0; i < 25; i++) {
                String spelling = letters(random, 1 + random.nextInt(4), "ab\u00e9\u2581");
                if (!tokens.contains(spelling)) {
                    token(spelling, -1 - 6 * random.nextDouble());
                }
            }
            Tokenizer tokenizer = tokenizer();
            double least = scores.subList(3, scores.size()).stream()
                    .mapToDouble(Float::doubleValue)
                    .min()
                    .orElseThrow();
            for (int i = 0; i < 30; i++) {
                String text = letters(random, 1 + random.nextInt(7), "ab\u00e9c");
                double[] best = new double[] {Double.NEGATIVE_INFINITY};
                search("\u2581" + text, 0, least - 10, best);
                double found = sum(tokenizer, "\u2581" + text, least - 10);
                assertEquals(best[0], found, 1e-6, () -> text + " of " + tokens + scores);
            }
        }
    }

    private void search(String text, double sum, double unknown, double[] best) {
        if (text.isEmpty()) {
            best[0] = Math.max(best[0], sum);
            return;
        }
        for (int id = 3; id < tokens.size(); id++) {
            if (text.startsWith(tokens.get(id))) {
                search(text.substring(tokens.get(id).length()), sum + scores.get(id), unknown, best);
            }
        }
        if (!tokens.contains(text.substring(0, 1))) {
            search(text.substring(1), sum + unknown, unknown, best);
        }
    }

    /** The sum of what was chosen; unknown ones in a row are as many as there are characters between tokens. */
    private double sum(Tokenizer tokenizer, String text, double unknown) {
        double sum = 0;
        int at = 0;
        int[] ids = tokenizer.encode(text.substring(1), false, false);
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] != 2) {
                assertEquals(
                        tokens.get(ids[i]),
                        text.substring(at, at + tokens.get(ids[i]).length()));
                at += tokens.get(ids[i]).length();
                sum += scores.get(ids[i]);
                continue;
            }
            do {
                at++;
                sum += unknown;
            } while (at < text.length() && (i + 1 == ids.length || !restIs(ids, i + 1, text, at)));
        }
        return sum;
    }

    private boolean restIs(int[] ids, int from, String text, int at) {
        if (from == ids.length) {
            return at == text.length();
        }
        if (ids[from] == 2) {
            return IntStream.rangeClosed(at + 1, text.length()).anyMatch(next -> restIs(ids, from + 1, text, next));
        }
        return text.startsWith(tokens.get(ids[from]), at)
                && restIs(ids, from + 1, text, at + tokens.get(ids[from]).length());
    }

    private static String letters(Random random, int n, String from) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < n; i++) {
            text.append(from.charAt(random.nextInt(from.length())));
        }
        return text.toString();
    }
}
