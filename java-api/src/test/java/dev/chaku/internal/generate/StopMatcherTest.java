package dev.chaku.internal.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StopMatcherTest {
    private final List<String> passedOn = new ArrayList<>();

    private StopMatcher matcher(String... stops) {
        return new StopMatcher(List.of(stops), passedOn::add);
    }

    @Test
    void withoutStopsEverythingIsPassedOnAtOnce() {
        StopMatcher matcher = matcher();
        assertFalse(matcher.add("a"));
        assertFalse(matcher.add(""));
        assertFalse(matcher.add("bc"));
        assertEquals(List.of("a", "bc"), passedOn);
        matcher.finish();
        assertEquals("abc", matcher.text());
        assertEquals(List.of("a", "bc"), passedOn);
    }

    @Test
    void findsAStopAcrossPieces() {
        StopMatcher matcher = matcher("END");
        assertFalse(matcher.add("one E"));
        assertFalse(matcher.add("N"));
        assertTrue(matcher.add("Dless"));
        matcher.finish();
        assertEquals("one ", matcher.text());
        assertEquals("one ", String.join("", passedOn));
        assertTrue(matcher.add("more"));
        assertEquals("one ", matcher.text());
    }

    @Test
    void whatOnlyBeginsLikeAStopComesLater() {
        StopMatcher matcher = matcher("aab");
        assertFalse(matcher.add("xaa"));
        assertEquals(List.of("x"), passedOn);
        assertFalse(matcher.add("a"));
        assertEquals(List.of("x", "a"), passedOn);
        assertFalse(matcher.add("c"));
        assertEquals("xaaac", String.join("", passedOn));
    }

    @Test
    void theFirstOfSeveralCounts() {
        StopMatcher matcher = matcher("later", "la", "zz");
        assertTrue(matcher.add("see you later"));
        assertEquals("see you ", matcher.text());
    }

    @Test
    void theEndReleasesWhatWasHeldBack() {
        StopMatcher matcher = matcher("\n\n");
        assertFalse(matcher.add("line\n"));
        assertEquals(List.of("line"), passedOn);
        matcher.finish();
        assertEquals(List.of("line", "\n"), passedOn);
    }
}
