package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    private static String shown(boolean terminal, java.util.function.Consumer<ProgressLine> use) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
        try (ProgressLine line = new ProgressLine(new Console(stream, stream, terminal, false, false))) {
            use.accept(line);
        }
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aTerminalRedrawsOneLine() {
        assertEquals("\rlong line\rend      \n", shown(true, line -> {
            line.update("long line");
            line.update("end");
        }));
    }

    @Test
    void elsewhereTheFirstAndTheLastLineAreKept() {
        assertEquals("1 of 9\n9 of 9\n", shown(false, line -> {
            for (int i = 1; i <= 9; i++) {
                line.update(i + " of 9");
            }
        }));
    }

    @Test
    void aNoteStandsBetweenLines() {
        assertEquals("a\nb\nnote\n", shown(false, line -> {
            line.update("a");
            line.update("b");
            line.note("note");
        }));
    }

    @Test
    void aNarrowTerminalGetsTheFirstParts() {
        for (int columns : new int[] {20, 40, 80}) {
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
            Console console = new Console(stream, stream, true, false, false, TerminalSize.of(columns));
            try (ProgressLine line = new ProgressLine(console)) {
                line.update(
                        ProgressLine.bar(0.5, line.barCells()),
                        "籠 7/14",
                        "loss 2.3456",
                        "3 min 20 s left",
                        "1,234 tokens/s");
            }
            String shown = err.toString(StandardCharsets.UTF_8).strip();
            assertTrue(ColumnText.columns(shown) < columns, shown);
            assertTrue(shown.contains("7/14"), shown);
            assertEquals(columns == 80, shown.contains("tokens/s"), shown);
        }
    }

    @Test
    void timesAndSizesReadWell() {
        assertEquals("45 s", ProgressLine.duration(Duration.ofMillis(45_400)));
        assertEquals("3 min 20 s", ProgressLine.duration(Duration.ofSeconds(200)));
        assertEquals("2 h 5 min", ProgressLine.duration(Duration.ofMinutes(125)));
        assertEquals("0 s", ProgressLine.duration(Duration.ofSeconds(-3)));
        assertEquals("512 B", ProgressLine.bytes(512));
        assertEquals("1.5 GiB", ProgressLine.bytes(3L << 29));
        assertEquals("[###...]", ProgressLine.bar(0.5, 6));
        assertEquals("[######]", ProgressLine.bar(7, 6));
    }
}
