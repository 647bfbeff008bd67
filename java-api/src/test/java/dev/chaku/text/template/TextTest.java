package dev.chaku.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextTest {
    private final Budget budget = new Budget(TemplateLimits.DEFAULT);

    private CharSequence marked() {
        Output out = new Output(budget).append("ab").append("cd");
        out.mark(1, 3);
        return out.toText();
    }

    @Test
    void marksMoveWithTheirCharacters() {
        CharSequence joined = new Output(budget).append("xy").append(marked()).toText();
        assertEquals("xyabcd", joined.toString());
        assertEquals(List.of(new Text.Mark(3, 5)), Text.marks(joined));
        assertEquals(List.of(new Text.Mark(0, 1)), Text.marks(Text.slice(joined, 4, 6)));
        assertEquals(List.of(), Text.marks(Text.slice(joined, 0, 3)));
        assertEquals(List.of(new Text.Mark(1, 3)), Text.marks(Text.changed(marked(), "ABCD")));
        assertEquals(List.of(), Text.marks(Text.changed(marked(), "longer")));
    }

    @Test
    void aSafeStrStaysSafe() {
        assertFalse(Text.isSafe("a"));
        assertTrue(Text.isSafe(Text.safe("a")));
        assertTrue(Text.isSafe(Text.slice(Text.safe("abc"), 1, 2)));
    }
}
