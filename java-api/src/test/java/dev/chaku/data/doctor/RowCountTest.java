package dev.chaku.data.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.chaku.data.EncodedExample;
import dev.chaku.data.Packer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowCountTest {
    @Test
    void countsTheRowsThatThePackerMakes() {
        Random random = new Random(3);
        for (int n : new int[] {1, 2, 50, 700}) {
            int[] lengths = random.ints(n, 2, 129).sorted().toArray();
            int rows = new Packer(128, true, 0)
                    .pack(Arrays.stream(lengths)
                            .mapToObj(l -> new EncodedExample(new int[l], new float[l]))
                            .toList())
                    .size();
            assertEquals(rows, RowCount.of(lengths, 128), "of " + n);
        }
    }

    @Test
    void longerSequencesFillARow() {
        assertEquals(3, RowCount.of(new int[] {4, 4, 500, 600}, 8));
        assertEquals(0, RowCount.of(new int[0], 8));
    }
}
