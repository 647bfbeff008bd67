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
    void aLayerOfAPassTakesNoLongerThanAStep() {
        chunks.learnStep(1000);
        chunks.learnPiece(100, 2, 1000); // 5 a token and layer
        assertEquals(140, chunks.tokens(1, 1));
        assertEquals(280, chunks.tokens(1, 2), "two prompts count as two");
        assertEquals(140, chunks.tokens(2, 2));
        assertEquals(Chunks.ALONE, chunks.tokens(1, 100));
    }

    @Test
    void promptsHaveHalfOfTheTime() {
        chunks.learnStep(1000);
        for (int tokens : new int[] {32, 50, 150, 180, 512}) {
            long read = 0;
            for (int step = 0; step < 1000; step++) {
                int layers = chunks.layers(1, 1, tokens, LAYERS);
                if (layers > 0) {
                    chunks.learnPiece(tokens, layers, 5L * tokens * layers);
                    read += 5L * tokens * layers;
                }
            }
            assertTrue(read > 700_000 && read < 1_010_000, tokens + " tokens had " + read + " of 1000000");
        }
    }

    @Test
    void noMoreLayersThanAreLeft() {
        chunks.learnStep(1000);
        chunks.learnPiece(10, 1, 10);
        assertEquals(3, chunks.layers(1, 1, 10, 3));
    }

    @Test
    void oneSlowMeasureDoesNotStopPrompts() {
        chunks.learnStep(1000);
        chunks.learnPiece(100, 2, 1000);
        chunks.learnPiece(100, 2, 1_000_000);
        assertTrue(chunks.tokens(1, 1) >= 60);
    }
}
