package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.train.TrainingProgress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingDisplayTest {
    private static final String ESCAPE = "\u001b[";

    private static TrainingProgress at(int step, boolean evaluated) {
        OptionalDouble none = OptionalDouble.empty();
        return new TrainingProgress(
                step,
                20,
                step / 10.0,
                3.0 / step,
                3.5 / step,
                none,
                none,
                none,
                evaluated,
                evaluated ? OptionalDouble.of(0.75) : none,
                evaluated ? OptionalDouble.of(0.5) : none,
                none,
                evaluated ? Map.of("exact_match", 0.4) : Map.of(),
                1e-3,
                0.25,
                step * 100L,
                1234,
                Duration.ofSeconds(step),
                Duration.ofSeconds(20 - step),
                0,
                64L << 20);
    }

    private static String shown(
            boolean terminal, boolean colours, int columns, int rows, Consumer<TrainingDisplay> use) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
        Console console = new Console(stream, stream, terminal, false, colours, TerminalSize.of(columns, rows));
        try (TrainingDisplay display = new TrainingDisplay(console)) {
            use.accept(display);
        }
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aTerminalShowsTheCurveInPlace() {
        String text = shown(true, true, 80, 24, display -> {
            for (int step = 1; step <= 20; step++) {
                display.accept(at(step, step % 10 == 0));
            }
        });
        assertTrue(text.contains(ESCAPE + "12A\r"), "it goes up by the lines that it has drawn");
        String last = text.substring(text.lastIndexOf("A\r") + 2).replaceAll("\u001b\\[[0-9]*[mKJ]", "");
        assertEquals(12, last.lines().count(), last);
        assertTrue(last.contains("20/20") && last.contains("loss 0.1750"), last);
        assertTrue(last.contains("validation 0.7500 at step 20, 50.0 % right; answers: exact match"), last);
        assertTrue(last.contains("1,234 tokens/s") && last.contains("memory 64.0 MiB"), last);
        last.lines().forEach(line -> assertTrue(ColumnText.columns(line) < 80, line));
        assertTrue(text.endsWith("\n" + ESCAPE + "J"), "what stays ends its line");
    }

    @Test
    void aNoteStandsAboveTheCurve() {
        String text = shown(true, true, 80, 24, display -> {
            display.accept(at(1, false));
            display.note("a note");
        });
        int note = text.indexOf("a note\n");
        assertTrue(text.lastIndexOf("12A\r" + ESCAPE + "J", note) >= 0, text);
        assertTrue(text.indexOf("1/20", note) > 0, text);
    }

    @ParameterizedTest
    @CsvSource({"false,false,80,24", "true,false,80,24", "true,true,59,24", "true,true,80,15"})
    void elsewhereThereAreLines(boolean terminal, boolean colours, int columns, int rows) {
        String text = shown(terminal, colours, columns, rows, display -> {
            display.accept(at(1, false));
            display.accept(at(20, true));
        });
        assertFalse(text.contains("┤") || text.contains("A\r"), text);
        assertTrue(text.contains("20/20") && text.contains("step 20: validation loss 0.7500"), text);
    }
}
