package dev.chaku.internal.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CandidatesTest {
    /** Few distinct values, so that there are many ties. */
    private static float[] values(int n) {
        Random random = new Random(n);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = random.nextInt(n / 2 + 1) / 8f;
        }
        return values;
    }

    private static int[] sortedIds(float[] values) {
        return IntStream.range(0, values.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(i -> -values[i]).thenComparing(i -> i))
                .mapToInt(i -> i)
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,1", "5,5", "5,3", "64,1", "64,63", "64,64", "1000,40", "1000,999"})
    void keepsTheTopInOrder(int n, int k) {
        float[] values = values(n);
        Candidates candidates = new Candidates(n);
        candidates.load(FloatBuffer.wrap(values));
        candidates.keepTop(k);
        assertEquals(k, candidates.size());
        assertArrayEquals(Arrays.copyOf(sortedIds(values), k), Arrays.copyOf(candidates.ids, k));
    }

    @ParameterizedTest
    @CsvSource({"1,1", "2,1", "5,5", "64,7", "1000,300", "1000,1000"})
    void popsLargestKeysInOrder(int n, int k) {
        float[] values = values(n);
        Candidates candidates = new Candidates(n);
        candidates.load(FloatBuffer.wrap(values));
        System.arraycopy(values, 0, candidates.keys, 0, n);
        candidates.heapByKey();
        int[] sorted = sortedIds(values);
        for (int i = 0; i < k; i++) {
            assertEquals(values[sorted[i]], candidates.popLargestKey(n - i));
        }
        candidates.keepPopped(k, true);
        assertArrayEquals(Arrays.copyOf(sorted, k), Arrays.copyOf(candidates.ids, k));
        for (int i = 0; i < k; i++) {
            assertEquals(values[sorted[i]], candidates.logits[i]);
        }
    }
}
