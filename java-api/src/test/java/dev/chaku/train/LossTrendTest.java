package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LossTrendTest {
    private static LossTrend trend(int steps, IntToDoubleFunction loss) {
        return LossTrend.of(IntStream.range(0, steps).mapToDouble(loss).toArray());
    }

    @Test
    void aFallIsMoreThanTheNoiseOfSteps() {
        Random noise = new Random(1);
        LossTrend falling = trend(60, i -> 3 - 0.02 * i + 0.3 * noise.nextGaussian());
        assertTrue(falling.fell(), falling.toString());
        assertEquals(0.8, falling.first() - falling.last(), 0.2);
        LossTrend level = trend(60, i -> 3 + 0.3 * noise.nextGaussian());
        assertFalse(level.fell(), level.toString());
        assertFalse(trend(60, i -> 3 + 0.02 * i).fell());
    }

    @Test
    void whatCannotBeToldIsNoFall() {
        assertFalse(trend(0, i -> 1).fell());
        assertFalse(trend(1, i -> 1).fell());
        assertFalse(trend(4, i -> 4 - i).fell(), "too few steps");
        assertFalse(trend(30, i -> 3 - 0.0005 * i).fell(), "sure, and of no use");
        assertFalse(trend(30, i -> Double.NaN).fell());
    }
}
