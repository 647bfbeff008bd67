package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TerminalSizeTest {
    @Test
    void readsTheColumns() {
        assertEquals(132, TerminalSize.parse("40 132\n"));
        assertEquals(TerminalSize.USUAL_COLUMNS, TerminalSize.parse("0 0\n"));
        assertEquals(
                TerminalSize.USUAL_COLUMNS, TerminalSize.parse("stty: standard input: Inappropriate ioctl for device"));
        assertEquals(40, TerminalSize.of(40).columns());
    }
}
