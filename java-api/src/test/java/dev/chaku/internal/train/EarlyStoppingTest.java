package dev.chaku.internal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EarlyStoppingTest {
    @Test
    void stopsWhenNothingGetsBetter() {
        EarlyStopping stopping = new EarlyStopping(2);
        assertTrue(stopping.isBest(3, 1));
        assertFalse(stopping.isBest(3, 2));
        assertTrue(stopping.isBest(2, 3));
        assertFalse(stopping.isBest(Double.NaN, 4));
        assertFalse(stopping.stops());
        assertFalse(stopping.isBest(2.5, 5));
        assertTrue(stopping.stops());
        assertEquals(3, stopping.bestStep());
    }

    @Test
    void goesOnFromItsCounters() {
        EarlyStopping stopping = new EarlyStopping(2);
        stopping.isBest(1.25, 7);
        stopping.isBest(2, 8);
        Map<String, String> counters = new HashMap<>();
        stopping.save(counters);
        EarlyStopping again = new EarlyStopping(2);
        again.restore(counters);
        assertEquals(7, again.bestStep());
        assertFalse(again.stops());
        assertFalse(again.isBest(1.25, 9));
        assertTrue(again.stops());
    }

    @Test
    void zeroIsNever() {
        EarlyStopping stopping = new EarlyStopping(0);
        for (int i = 0; i < 100; i++) {
            stopping.isBest(i, i);
        }
        assertFalse(stopping.stops());
    }
}
