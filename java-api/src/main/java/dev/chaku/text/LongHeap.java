package dev.chaku.text;

import java.util.Arrays;

/** A queue of numbers that gives the least first. */
final class LongHeap {
    private long[] heap = new long[32];
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    void add(long value) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, 2 * size);
        }
        int index = size++;
        while (index > 0) {
            int parent = (index - 1) >>> 1;
            if (heap[parent] <= value) {
                break;
            }
            heap[index] = heap[parent];
            index = parent;
        }
        heap[index] = value;
    }

    long removeLeast() {
        long least = heap[0];
        long moved = heap[--size];
        int index = 0;
        for (int child = 1; child < size; child = 2 * index + 1) {
            if (child + 1 < size && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= moved) {
                break;
            }
            heap[index] = heap[child];
            index = child;
        }
        heap[index] = moved;
        return least;
    }
}
