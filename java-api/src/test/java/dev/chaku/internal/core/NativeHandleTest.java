package dev.chaku.internal.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;

class NativeHandleTest {
    private final AtomicInteger freed = new AtomicInteger();

    /** A handle over nothing. */
    private static final class Thing extends NativeHandle<Pointer> {
        Thing(AtomicInteger freed) {
            super("thing", new Pointer(), pointer -> freed.incrementAndGet());
        }
    }

    @Test
    void freesOnce() {
        Thing thing = new Thing(freed);
        assertFalse(thing.isClosed());
        thing.close();
        thing.close();
        assertTrue(thing.isClosed());
        assertEquals(1, freed.get());
    }

    @Test
    void useAfterCloseIsAnIllegalState() {
        Thing thing = new Thing(freed);
        thing.close();
        assertEquals(
                "the thing is closed",
                assertThrows(IllegalStateException.class, thing::enter).getMessage());
        assertThrows(IllegalStateException.class, thing::enterExclusive);
        assertNull(thing.enterIfOpen());
    }

    @Test
    void closingDuringACallFreesWhenItReturns() {
        Thing thing = new Thing(freed);
        thing.enterExclusive();
        thing.enterIfOpen();
        thing.close();
        assertEquals(0, freed.get());
        thing.leave();
        assertEquals(0, freed.get());
        thing.leaveExclusive();
        assertEquals(1, freed.get());
    }

    @Test
    void exclusiveCallsDoNotOverlapButSharedOnesDo() {
        Thing thing = new Thing(freed);
        thing.enterExclusive();
        IllegalStateException e = assertThrows(IllegalStateException.class, thing::enterExclusive);
        assertTrue(e.getMessage().contains(Thread.currentThread().getName()), e.getMessage());
        thing.enter();
        thing.leave();
        thing.leaveExclusive();
        thing.enterExclusive();
        thing.leaveExclusive();
        thing.close();
        assertEquals(1, freed.get());
    }

    @Test
    void detachingLeavesNothingToFree() {
        Thing thing = new Thing(freed);
        thing.detach();
        thing.close();
        assertEquals(0, freed.get());
        assertThrows(IllegalStateException.class, thing::enter);
    }

    @Test
    void theCollectorFreesWhatWasForgotten() throws InterruptedException {
        new Thing(freed);
        for (int i = 0; i < 100 && freed.get() == 0; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(1, freed.get());
    }
}
