package dev.chaku.internal.random;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class SplitMix64Test {
    /** The JDK's generator of one stream is the same function of the same counter. */
    @Test
    void isTheJdksGenerator() {
        for (long seed : new long[] {0, 1, -7, Long.MAX_VALUE}) {
            SplittableRandom expected = new SplittableRandom(seed);
            for (long i = 1; i <= 100; i++) {
                assertEquals(expected.nextLong(), SplitMix64.mix(seed + i * SplitMix64.STEP), seed + ", " + i);
            }
        }
    }
}
