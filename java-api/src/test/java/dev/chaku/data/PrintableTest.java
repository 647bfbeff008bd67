package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

class PrintableTest {
    @Test
    void whatMovesACursorIsShown() {
        assertEquals("a␛[2Jb␊c␉d�␡�", Printable.line("a\u001b[2Jb\nc\td\u009b\u007f\u2028"));
        assertEquals("a␀\nb\t�", Printable.lines("a\u0000\nb\t\u202e"));
    }

    @Test
    void ordinaryTextStaysAsItIs() {
        String text = "Grüße, 着 😀";
        assertSame(text, Printable.line(text));
    }
}
