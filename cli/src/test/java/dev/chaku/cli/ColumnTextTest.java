package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ColumnTextTest {
    private static final String GREEN = "\u001b[32m";
    private static final String END = "\u001b[0m";

    @Test
    void coloursTakeNoColumnAndHanTwo() {
        assertEquals(3, ColumnText.columns("abc"));
        assertEquals(3, ColumnText.columns(GREEN + "abc" + END));
        assertEquals(6, ColumnText.columns("着物x" + "é".repeat(1)));
        assertEquals(1, ColumnText.columns("e\u0301"));
        assertEquals(2, ColumnText.columns("🦙"));
    }

    @Test
    void cutsWithinTheColumnsAndEndsColours() {
        assertEquals("着", ColumnText.cut("着物", 3));
        assertEquals("abc", ColumnText.cut("abc", 3));
        assertEquals(GREEN + "ab" + END, ColumnText.cut(GREEN + "abc" + END, 2));
    }

    @Test
    void leavesOutPartsFromTheEnd() {
        List<String> parts = List.of("[##]", "", "1/2", "loss 1.0", "3 s left");
        assertEquals("[##]  1/2  loss 1.0  3 s left", ColumnText.fit(parts, 29));
        assertEquals("[##]  1/2  loss 1.0", ColumnText.fit(parts, 28));
        assertEquals("[##]  1/2", ColumnText.fit(parts, 9));
        assertEquals("[#", ColumnText.fit(parts, 2));
    }
}
