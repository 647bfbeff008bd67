package dev.chaku.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class PlainVocabularyTest {
    @Test
    void textsOfFiftyTwoSeedsInARowBeginDifferently() {
        long first = LongStream.range(-1, 51)
                .mapToObj(seed -> PlainVocabulary.text(3, seed).charAt(0))
                .distinct()
                .count();
        assertEquals(52, first);
    }

    @Test
    void textsOfOneSeedAreEqualAndAsLongAsAsked() {
        assertEquals(40, PlainVocabulary.text(40, 7).length());
        assertEquals(PlainVocabulary.text(40, 7), PlainVocabulary.text(40, 7));
    }
}
