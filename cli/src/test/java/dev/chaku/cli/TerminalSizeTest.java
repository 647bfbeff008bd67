package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TerminalSizeTest {
    @Test
    void readsRowsAndColumns() {
        assertEquals(132, TerminalSize.parse("40 132\n", 1, 80));
        assertEquals(40, TerminalSize.parse("40 132\n", 0, 24));
        assertEquals(80, TerminalSize.parse("0 0\n", 1, 80));
        assertEquals(24, TerminalSize.parse("stty: standard input: Inappropriate ioctl for device", 0, 24));
        assertEquals(40, TerminalSize.of(40).columns());
        assertEquals(10, TerminalSize.of(40, 10).rows());
    }
}
