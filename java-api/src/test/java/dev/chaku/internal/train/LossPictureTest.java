package dev.chaku.internal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class LossPictureTest {
    private static final Pattern TAG = Pattern.compile("<(/?)([a-z]+)[^<>]*?(/?)>");

    /** Counts the elements of a name, after checking that every element is closed where it should be. */
    private static int count(String svg, String name) {
        Deque<String> open = new ArrayDeque<>();
        int found = 0;
        Matcher tag = TAG.matcher(svg);
        while (tag.find()) {
            if (!tag.group(1).isEmpty()) {
                assertEquals(open.pop(), tag.group(2));
            } else {
                found += tag.group(2).equals(name) ? 1 : 0;
                if (tag.group(3).isEmpty()) {
                    open.push(tag.group(2));
                }
            }
        }
        assertEquals(0, open.size());
        return found;
    }

    @Test
    void drawsACurveForEachSeries() {
        List<LossPicture.Point> loss = List.of(new LossPicture.Point(1, 4), new LossPicture.Point(10, 2));
        List<LossPicture.Point> validation = List.of(new LossPicture.Point(5, 3), new LossPicture.Point(10, 2.5));
        assertEquals(3, count(LossPicture.draw(loss, loss, validation), "polyline"));
        assertEquals(1, count(LossPicture.draw(loss, loss, validation), "svg"));
        assertFalse(LossPicture.draw(loss, loss, List.of()).contains("validation"));
        String one = LossPicture.draw(loss, loss, validation.subList(0, 1));
        assertEquals(2, count(one, "polyline"));
        assertEquals(1, count(one, "circle"));
    }

    @Test
    void isWholeWithoutAnyPoint() {
        assertEquals(0, count(LossPicture.draw(List.of(), List.of(), List.of()), "polyline"));
    }

    @Test
    void usesItsHeightAndLeavesOutWhatIsNotFinite() {
        List<LossPicture.Point> loss = List.of(
                new LossPicture.Point(1, 2.31), new LossPicture.Point(2, Double.NaN), new LossPicture.Point(60, 2.21));
        String svg = LossPicture.draw(loss, loss, List.of());
        assertTrue(svg.contains(">2.20<") && svg.contains(">2.32<"), svg);
        assertTrue(svg.contains(">10<") && svg.contains(">60<"), svg);
        assertFalse(svg.contains("NaN"), svg);
    }

    @Test
    void theLanguageOfTheMachineChangesNothing() {
        List<LossPicture.Point> loss = List.of(new LossPicture.Point(1, 4.5), new LossPicture.Point(3, 2.25));
        String expected = LossPicture.draw(loss, loss, loss);
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            assertEquals(expected, LossPicture.draw(loss, loss, loss));
        } finally {
            Locale.setDefault(before);
        }
        assertTrue(expected.contains("points=\""));
    }
}
