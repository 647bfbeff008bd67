package dev.chaku.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IntSequenceTest {
    @Test
    void growsAndKeepsTheOrder() {
        IntSequence sequence = new IntSequence();
        LongSequence longs = new LongSequence();
        assertArrayEquals(new int[0], sequence.toArray());
        int n = 100_000;
        for (int i = 0; i < n; i++) {
            sequence.add(i);
            longs.add(i * 0x9E3779B97F4A7C15L);
        }
        assertEquals(n, sequence.size());
        for (int i = 0; i < n; i += 97) {
            assertEquals(i, sequence.get(i));
            assertEquals(i * 0x9E3779B97F4A7C15L, longs.get(i));
        }
        assertArrayEquals(IntSequence.upTo(n), sequence.toArray());
    }

    @Test
    void shufflesAsTheJdkShufflesAList() {
        for (int n : new int[] {0, 1, 2, 5, 100}) {
            int[] values = IntSequence.upTo(n);
            List<Integer> list = new ArrayList<>(Arrays.stream(values).boxed().toList());
            IntSequence.shuffle(values, new Random(7));
            Collections.shuffle(list, new Random(7));
            assertEquals(list, Arrays.stream(values).boxed().toList());
        }
    }
}
