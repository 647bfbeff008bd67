package dev.chaku.internal.eval.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CopiedPassagesTest {
    @Test
    void findsTheLongestRun() {
        CopiedPassages passages = new CopiedPassages(List.of("one two three four five", "six seven eight nine"));
        assertEquals(5, passages.longest("Zero, one two THREE four five six seven eight nine."));
        assertEquals(4, passages.longest("six seven eight nine ten"));
        assertEquals(0, passages.longest("five six seven eight"), "runs end where a text does");
        assertEquals(0, passages.longest("one two three"));
        assertEquals(0, passages.longest(""));
        assertTrue(passages.isWhole());
    }

    /** Against the product of all places, on words so few that runs are long and overlap. */
    @Test
    void agreesWithAllPlacesTried() {
        Random random = new Random(5);
        for (int round = 0; round < 200; round++) {
            List<String> texts = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                texts.add(text(random, 30));
            }
            String asked = text(random, 40);
            int expected =
                    texts.stream().mapToInt(text -> slow(asked, text)).max().orElseThrow();
            assertEquals(
                    expected < CopiedPassages.LEAST_RUN ? 0 : expected,
                    new CopiedPassages(texts).longest(asked),
                    texts + " / " + asked);
        }
    }

    private static String text(Random random, int words) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append((char) ('a' + random.nextInt(3))).append(' ');
        }
        return text.toString();
    }

    private static int slow(String a, String b) {
        String[] x = a.trim().split(" ");
        String[] y = b.trim().split(" ");
        int longest = 0;
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < y.length; j++) {
                int run = 0;
                while (i + run < x.length && j + run < y.length && x[i + run].equals(y[j + run])) {
                    run++;
                }
                longest = Math.max(longest, run);
            }
        }
        return longest;
    }
}
