package dev.chaku.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class CoreShareTest {
    @Test
    void coresAreSharedEvenlyAmongThreads() {
        assertEquals(1, new CoreShare(2, 2, 0).left());
        assertEquals(2 / 3.0, new CoreShare(2, 2, 1).left(), 1e-12);
        assertEquals(0.5, new CoreShare(2, 2, 2).left(), 1e-12);
        assertEquals(8 / 9.0, new CoreShare(8, 8, 1).left(), 1e-12);
    }

    @Test
    void whereThereIsACoreForEverybodyNothingIsGone() {
        assertEquals(0, new CoreShare(8, 4, 4).gone());
        assertEquals(1 - 8 / 9.0, new CoreShare(8, 4, 5).gone(), 1e-12);
    }

    @Test
    void threadsBeyondTheCoresDoNotCountAsCores() {
        // Alone 4 threads have 2 cores; beside 2 others, two thirds of these.
        assertEquals(2 / 3.0, new CoreShare(2, 4, 2).left(), 1e-12);
    }

    @Test
    void aQuarterMoreThanWhatIsGoneMayBeLost() {
        CoreShare share = new CoreShare(2, 2, 2);
        assertEquals(0.375, share.leastKept(), 1e-12);
        assertTrue(share.isKept(0.375));
        assertFalse(share.isKept(0.374));
        assertTrue(new CoreShare(1, 1, 9).isKept(0), "of 0.9 that are gone all may be lost");
        assertTrue(new CoreShare(2, 2, 0).isKept(1));
    }

    @Test
    void neighboursTakeProcessorTime() {
        assertEquals(0.5, CoreShare.taken(3, 3, 2));
        assertEquals(0, CoreShare.taken(0, 3, 2));
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new CoreShare(0, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new CoreShare(1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new CoreShare(1, 1, -1));
    }
}
