package dev.chaku.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ValidationTrendTest {
    @Test
    void aRiseBeyondTheThresholdIsOverFitting() {
        assertEquals(0.1, new ValidationTrend(3, 1, 20, 1.1).rise(), 1e-12);
        assertTrue(new ValidationTrend(3, 1, 20, 1.021).overFits());
        assertFalse(new ValidationTrend(3, 1, 20, 1.019).overFits());
        assertFalse(new ValidationTrend(1, 1, 20, 1).overFits());
        assertFalse(new ValidationTrend(0, Double.NaN, 0, Double.NaN).overFits());
        assertTrue(new ValidationTrend(3, -1, 20, -0.5).overFits(), "losses of preferences may be negative");
    }
}
