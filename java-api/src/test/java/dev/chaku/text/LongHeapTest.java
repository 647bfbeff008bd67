package dev.chaku.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LongHeapTest {
    @Test
    void givesTheLeastFirst() {
        LongHeap heap = new LongHeap();
        PriorityQueue<Long> queue = new PriorityQueue<>();
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 100_000; round++) {
            if (random.nextInt(5) < 3) {
                long value = random.nextLong(-50, 50);
                heap.add(value);
                queue.add(value);
            } else if (!queue.isEmpty()) {
                assertEquals(queue.remove(), heap.removeLeast());
            }
            assertEquals(queue.isEmpty(), heap.isEmpty());
        }
    }
}
