package dev.chaku.internal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ChunksTest {
    private static final int LAYERS = 16;

    private final Chunks chunks = new Chunks();

    @Test
    void nothingWaitsForPromptsThatAreAlone() {
        assertEquals(Chunks.ALONE, chunks.tokens(0, 3));
        assertEquals(LAYERS, chunks.layers(0, 3, Chunks.ALONE, LAYERS));
    }

    @Test
    void beginsWithLittle() {
        chunks.learnStep(1000);
        assertTrue(chunks.tokens(1, 1) <= 64);
        assertEquals(1, chunks.layers(1, 1, 32, LAYERS));
    }

    @Test
    void stepsTakeTwiceAsLongWithPrompts() {
        chunks.learnStep(1000);
        chunks.learnPiece(100, 2, 1000); // 5 a token and layer
        int tokens = chunks.tokens(1, 1);
        assertEquals(100, tokens, "a layer is half a step");
        assertEquals(2, chunks.layers(1, 1, tokens, LAYERS));
        assertEquals(1, chunks.layers(1, 1, tokens, 1), "no more than are left");
        assertEquals(4, chunks.layers(1, 2, tokens, LAYERS), "two prompts count as two");
        assertEquals(LAYERS, chunks.layers(1, 100, tokens, LAYERS));
    }

    @Test
    void whatTookTooLongIsPaidBack() {
        chunks.learnStep(1000);
        chunks.learnPiece(32, 1, 2500); // the least pass has layers of two steps and a half
        assertEquals(32, chunks.tokens(1, 1));
        int ran = 0;
        for (int step = 0; step < 100; step++) {
            ran += chunks.layers(1, 1, 32, LAYERS);
        }
        assertTrue(ran >= 33 && ran <= 50, "in 100 steps " + ran);
    }

    @Test
    void oneSlowMeasureDoesNotStopPrompts() {
        chunks.learnStep(1000);
        chunks.learnPiece(100, 2, 1000);
        chunks.learnPiece(100, 2, 1_000_000);
        assertTrue(chunks.tokens(1, 1) >= 60);
    }
}
