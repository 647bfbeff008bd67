package dev.chaku.internal.eval.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Scores against cases that were computed by hand. */
class TextLikenessTest {
    @Test
    void wordsAreOfAllScripts() {
        assertEquals(List.of("the", "cat", "s", "3", "naïve"), TextLikeness.words("The cat's (3) NAÏVE!"));
        assertEquals(List.of("烏", "は", "black"), TextLikeness.words("烏はBlack。"));
        assertEquals(List.of("हिन्दी", "भाषा"), TextLikeness.words("हिन्दी भाषा"));
        assertEquals(List.of(), TextLikeness.words(" -- "));
    }

    @Test
    void f1CountsWordsAsOftenAsTheyOccur() {
        // 2 of 3 words found are expected, of 4 expected 2 are found: 2 * 2 / (3 + 4).
        assertEquals(4.0 / 7, TextLikeness.f1("a b x", "a a b c"), 1e-12);
        assertEquals(2.0 / 4, TextLikeness.f1("a a a", "a"), 1e-12);
        assertEquals(1, TextLikeness.f1("", "..."), 0);
        assertEquals(0, TextLikeness.f1("", "word"), 0);
    }

    @Test
    void rougeFollowsTheOrder() {
        // The longest common subsequence of "police killed the gunman" and "the gunman police killed" has 2 words.
        assertEquals(0.5, TextLikeness.rougeL("the gunman police killed", "police killed the gunman"), 1e-12);
        assertEquals(0.75, TextLikeness.rougeL("police kill the gunman", "police killed the gunman"), 1e-12);
        assertEquals(1, TextLikeness.f1("the gunman police killed", "police killed the gunman"), 0);
    }

    @Test
    void chrFWeighsRecall() {
        // Of "abc" and "abd": orders 1 to 3 have 2/3, 1/2, 0 in common, precision and recall alike.
        assertEquals((2.0 / 3 + 1.0 / 2) / 3, TextLikeness.chrF("abc", "ab d"), 1e-12);
        // "ab" for "abcd": orders 1 and 2; precision 1, 1; recall 2/4, 1/3.
        double recall = (0.5 + 1.0 / 3) / 2;
        assertEquals(5 * recall / (4 + recall), TextLikeness.chrF("ab", "abcd"), 1e-12);
        assertTrue(TextLikeness.chrF("abcd", "ab") > TextLikeness.chrF("ab", "abcd"), "recall counts more");
        assertEquals(1, TextLikeness.chrF("日本 語", "日本語"), 0);
        assertEquals(0, TextLikeness.chrF("", "a"), 0);
        assertEquals(1, TextLikeness.chrF(" ", ""), 0);
    }

    @Test
    void labelsAreWordsOfTheFirstLine() {
        assertEquals("not spam", TextLikeness.label("  Not spam.\nBecause …"));
        assertEquals("++", TextLikeness.label("++"));
    }
}
