package dev.chaku.internal.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SoftmaxTest {
    @Test
    void exponentialIsAsGoodAsAFloat() {
        for (float x = -86.9f; x <= 0; x += 0.00137f) {
            double exact = Math.exp(x);
            assertEquals(exact, Softmax.exp(x), exact * 3e-7, "x = " + x);
        }
        assertEquals(1, Softmax.exp(0));
        assertEquals(0, Softmax.exp(Float.NEGATIVE_INFINITY));
    }

    @Test
    void sumsToOne() {
        float[] p = new float[3];
        Softmax.of(new float[] {1000, 1000, Float.NEGATIVE_INFINITY}, p, 3);
        assertArrayEquals(new float[] {0.5f, 0.5f, 0}, p);
    }
}
