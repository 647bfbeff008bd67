package dev.chaku.internal.arch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RopeScalingTest {
    private static final double BASE = 10000;
    private final double[] plain = RopeScaling.plain(64, BASE);

    @Test
    void plainFrequenciesFallFromOne() {
        assertEquals(1, plain[0]);
        assertEquals(Math.pow(BASE, -62 / 64.0), plain[31], 1e-18);
    }

    @Test
    void noneChangesNothing() {
        assertArrayEquals(plain, new RopeScaling.None().apply(plain, BASE));
        assertEquals(1, new RopeScaling.None().magnitude());
    }

    @Test
    void linearDividesAll() {
        double[] scaled = new RopeScaling.Linear(4).apply(plain, BASE);
        for (int i = 0; i < plain.length; i++) {
            assertEquals(plain[i] / 4, scaled[i]);
        }
    }

    @Test
    void yarnKeepsFastPairsAndInterpolatesSlowOnes() {
        RopeScaling.Yarn yarn = new RopeScaling.Yarn(4, 4096, 32, 1, 0);
        double[] scaled = yarn.apply(plain, BASE);
        assertEquals(plain[0], scaled[0]);
        assertEquals(plain[31] / 4, scaled[31]);
        for (int i = 0; i < plain.length; i++) {
            double turns = 4096 * plain[i] / (2 * Math.PI);
            assertTrue(scaled[i] <= plain[i] && scaled[i] >= plain[i] / 4, "pair " + i);
            // A pair's bounds are rounded outwards to whole pairs, so those well beyond them are unmixed.
            assertEquals(turns > 64 ? plain[i] : turns < 0.5 ? plain[i] / 4 : scaled[i], scaled[i], "pair " + i);
        }
        assertEquals(1 + 0.1 * Math.log(4), yarn.magnitude(), 1e-15);
    }

    @Test
    void aLogMultiplierOfOneCancelsTheMagnitude() {
        assertEquals(1, new RopeScaling.Yarn(4, 4096, 32, 1, 1).magnitude(), 1e-15);
    }

    @Test
    void longropeDividesByOneOrTheOtherFactor() {
        float[] few = new float[32];
        float[] many = new float[32];
        for (int i = 0; i < 32; i++) {
            few[i] = 1 + i / 64f;
            many[i] = 2 + i;
        }
        RopeScaling.LongRope scaling = new RopeScaling.LongRope(few, many, 4096);
        assertEquals(4096, scaling.longAfter());
        double[] both = scaling.frequencies(plain, BASE);
        assertEquals(64, both.length);
        for (int i = 0; i < 32; i++) {
            assertEquals(Math.pow(BASE, -2.0 * i / 64) / few[i], both[i], 1e-15);
            assertEquals(Math.pow(BASE, -2.0 * i / 64) / many[i], both[32 + i], 1e-15);
        }
        assertEquals(1, scaling.magnitude());
    }

    /**
     * With the base times (factor context / original - (factor - 1))^(d / (d - 2)), as the method's author gives it.
     */
    @Test
    void dynamicLetsTheBaseGrowInLongContexts() {
        RopeScaling.Dynamic scaling = new RopeScaling.Dynamic(2, 4096, 16384);
        assertEquals(4096, scaling.longAfter());
        double[] both = scaling.frequencies(plain, BASE);
        double base = BASE * Math.pow(2 * 16384 / 4096.0 - 1, 64 / 62.0);
        for (int i = 0; i < 32; i++) {
            assertEquals(plain[i], both[i]);
            assertEquals(Math.pow(base, -2.0 * i / 64), both[32 + i], 1e-12);
        }
        // the slowest pair is stretched by the whole factor of 7
        assertEquals(plain[31] / 7, both[63], 1e-12);
        assertEquals(0, new RopeScaling.Dynamic(2, 4096, 4096).longAfter());
    }

    /** Llama 3: fast pairs as they are, slow ones by the factor, those between blended by their wavelength. */
    @Test
    void llama3FactorsAreThoseOfItsClosedForm() {
        double[] factors = new double[32];
        for (int i = 0; i < 32; i++) {
            double wavelength = 2 * Math.PI / plain[i];
            double smooth = Math.min(1, Math.max(0, (8192 / wavelength - 1) / (4 - 1)));
            factors[i] = 1 / ((1 - smooth) / 8 + smooth);
        }
        assertEquals(1, factors[0]);
        assertEquals(8, factors[31], 1e-12);
        double[] divided = plain.clone();
        Arrays.setAll(divided, i -> plain[i] / factors[i]);
        for (int i = 0; i < 32; i++) {
            double wavelength = 2 * Math.PI / plain[i];
            double expected = wavelength < 8192 / 4.0 ? plain[i] : wavelength > 8192 ? plain[i] / 8 : divided[i];
            assertEquals(expected, divided[i], 1e-15);
        }
    }
}
