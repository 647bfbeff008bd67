package dev.chaku.internal.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class AxisTest {
    private static String labels(Axis axis) {
        return Arrays.stream(axis.ticks())
                .mapToObj(axis::label)
                .reduce((a, b) -> a + " " + b)
                .orElseThrow();
    }

    @Test
    void ticksAreRoundAndHoldTheValues() {
        assertEquals("2.0 2.5 3.0 3.5 4.0 4.5", labels(Axis.around(2.1, 4.4, 0)));
        assertEquals("0.00 0.05 0.10 0.15 0.20", labels(Axis.around(0.01, 0.2, 0)));
        assertEquals("10 20 30 40 50 60", labels(Axis.within(1, 60, 1)));
        assertEquals("1 2 3", labels(Axis.within(1, 3, 1)));
    }

    @Test
    void oneValueHasAScaleToo() {
        Axis axis = Axis.around(3, 3, 0);
        assertTrue(axis.low() <= 3 && axis.high() >= 3 && axis.low() < axis.high());
        assertTrue(Axis.around(0, 0, 0).high() > 0);
        assertArrayEquals(new double[] {0, 1}, Axis.within(0, 1, 1).ticks());
    }

    @Test
    void theWholeHeightIsUsed() {
        for (double least : new double[] {0.001, 1.7, 9.2}) {
            for (double span : new double[] {1e-4, 0.3, 5, 70}) {
                Axis axis = Axis.around(least, least + span, 0);
                assertTrue(axis.share(least + span) - axis.share(least) > 0.6, axis.toString());
            }
        }
    }
}
