package dev.chaku.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LossCurveTest {
    @Test
    void fallsFromTheUpperLeftToWhereTheRunStands() {
        LossCurve curve = new LossCurve();
        for (int step = 1; step <= 4; step++) {
            curve.add(step, 5 - step);
        }
        List<String> lines = curve.draw(13, 2, 8);
        assertEquals(
                List.of(" 4.0000 ┤⠹⡄ ", " 1.0000 ┤ ⢳ "),
                lines.stream().map(line -> line.substring(0, 12)).toList());
        lines.forEach(line -> assertEquals(13, line.length()));
    }

    @Test
    void valuesThatAreTheSameAndThoseThatAreNoneAreDrawn() {
        LossCurve curve = new LossCurve();
        curve.add(1, Double.NaN);
        assertTrue(curve.isEmpty());
        curve.add(2, 3);
        curve.add(3, 3);
        List<String> lines = curve.draw(40, 5, 3);
        assertEquals(5, lines.size());
        assertTrue(lines.get(0).startsWith(" 3.0000 ┤") && lines.get(4).startsWith(" 2.7000 ┤"), lines.toString());
    }

    @Test
    void ofManyStepsNoExtremeIsLost() {
        LossCurve curve = new LossCurve();
        for (int step = 1; step <= 10_000; step++) {
            curve.add(step, step == 5_000 ? 9 : 1);
        }
        List<String> lines = curve.draw(60, 7, 10_000);
        assertTrue(lines.get(0).startsWith(" 9.0000"), lines.get(0));
        assertTrue(
                lines.stream()
                        .allMatch(line ->
                                line.length() == 60 && !line.substring(9).isBlank()),
                lines.toString());
    }
}
