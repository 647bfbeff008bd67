package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SketchStoreTest {
    @Test
    void whatIsOnDiskIsWhatWasKept() {
        Random random = new Random(5);
        SketchStore store = new SketchStore(16, 10);
        int[][] sketches = new int[500][];
        for (int i = 0; i < sketches.length; i++) {
            sketches[i] = random.ints(random.nextInt(17)).toArray();
            assertEquals(i, store.add(sketches[i]));
            int one = random.nextInt(i + 1);
            assertArrayEquals(sketches[one], store.get(one));
        }
    }
}
