package dev.chaku.internal.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CharacterMergesTest {
    /** Scores make "ab c" too where only "a bc" is a merge, and all merges to one token at once. */
    @ParameterizedTest
    @CsvSource({
        "'a b,b c,a bc,ab c', true",
        "'a b,b c,a bc', false",
        "'a b,b c,a bc,ab c,d d', true",
        "'a b,b c,a bc,d d,ab c', false",
        "'', false"
    })
    void scoresSayTheSameOnlyOfAllMerges(String merges, boolean same) {
        CharacterMerges found = new CharacterMerges(Arrays.stream(merges.split(","))
                .filter(merge -> !merge.isEmpty())
                .map(merge -> new CharacterMerges.Merge(merge.split(" ")[0], merge.split(" ")[1]))
                .toList());
        assertEquals(
                same,
                found.areThoseOfScores(
                        merges.contains("d")
                                ? Set.of("a", "b", "c", "d", "ab", "bc", "abc", "dd")
                                : Set.of("a", "b", "c", "ab", "bc", "abc")));
    }
}
