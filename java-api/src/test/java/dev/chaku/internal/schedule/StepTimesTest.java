package dev.chaku.internal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class StepTimesTest {
    private final StepTimes times = new StepTimes();

    @Test
    void whatWasNotMeasuredIsInBetween() {
        assertFalse(times.isKnown(1));
        times.learn(1, 100);
        times.learn(5, 140);
        assertEquals(100, times.of(1), 1e-9);
        assertEquals(120, times.of(3), 1e-9);
        assertTrue(times.of(9) > 140 && times.of(9) < 200, "hopeful beyond: " + times.of(9));
        assertTrue(times.isKnown(1) && times.isKnown(6));
        assertFalse(times.isKnown(4), "one row says little of four");
    }

    @Test
    void aMeasureMovesTheTimeByAPartOfIt() {
        times.learn(1, 100);
        times.learn(1, 200);
        assertEquals(130, times.of(1), 1e-9);
        times.learn(1, 1_000_000);
        assertEquals(130 + 0.3 * (3 * 130 - 130), times.of(1), 1e-9);
    }

    @Test
    void oldMeasuresAreForgotten() {
        times.learn(1, 100);
        for (int i = 0; i < 300; i++) {
            times.learn(8, 150);
        }
        assertFalse(times.isKnown(1));
        assertTrue(times.isKnown(8));
        times.learn(1, 50);
        assertEquals(50, times.of(1), 1e-9);
    }
}
