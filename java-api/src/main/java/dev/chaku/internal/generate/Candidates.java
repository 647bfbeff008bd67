package dev.chaku.internal.generate;

import java.nio.FloatBuffer;

/**
 * The tokens that may come next, with their logits; stages remove some and change others. Arrays are reused from token
 * to token. Not thread-safe.
 *
 * <p>Ties are broken by the lower id, so that results do not depend on how a stage selects.
 */
final class Candidates {
    /** The ids in [0, size). */
    final int[] ids;

    /** Logit of each, in the same order. */
    final float[] logits;

    /** Scratch of the same length: probabilities, or what a stage orders by. */
    final float[] keys;

    private int size;
    private boolean sorted;

    Candidates(int vocabSize) {
        this.ids = new int[vocabSize];
        this.logits = new float[vocabSize];
        this.keys = new float[vocabSize];
    }

    /** Begins with all tokens. */
    void load(FloatBuffer from) {
        size = ids.length;
        sorted = false;
        from.get(from.position(), logits, 0, size);
        for (int i = 0; i < size; i++) {
            ids[i] = i;
        }
    }

    int size() {
        return size;
    }

    /** Keeps the first n. */
    void keepFirst(int n) {
        size = n;
    }

    /** Removes the first n. */
    void dropFirst(int n) {
        size -= n;
        System.arraycopy(ids, n, ids, 0, size);
        System.arraycopy(logits, n, logits, 0, size);
    }

    /** Says that the order was or may have been lost. */
    void unsorted() {
        sorted = false;
    }

    float maxLogit() {
        if (sorted && size > 0) {
            return logits[0];
        }
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            max = Math.max(max, logits[i]);
        }
        return max;
    }

    /** Index of the most likely. */
    int best() {
        int best = 0;
        for (int i = 1; i < size; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    /** Keeps those with a logit of at least {@code least}, in their order. */
    void keepAtLeast(float least) {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (logits[i] >= least) {
                ids[kept] = ids[i];
                logits[kept++] = logits[i];
            }
        }
        size = kept;
    }

    /** Fills {@link #keys} with probabilities that sum to 1. */
    void softmax() {
        Softmax.of(logits, keys, size);
    }

    /**
     * Keeps the k most likely, most likely first. A heap of k holds the best so far with the worst of them on top, so
     * that nearly every token costs one comparison.
     */
    void keepTop(int k) {
        if (k < size) {
            for (int i = k / 2 - 1; i >= 0; i--) {
                sinkWorse(i, k);
            }
            for (int i = k; i < size; i++) {
                if (isBetter(logits, i, 0)) {
                    ids[0] = ids[i];
                    logits[0] = logits[i];
                    sinkWorse(0, k);
                }
            }
            size = k;
            sorted = false;
        }
        if (!sorted) {
            for (int i = size / 2 - 1; i >= 0; i--) {
                sinkWorse(i, size);
            }
            for (int end = size - 1; end > 0; end--) {
                swap(logits, 0, end);
                sinkWorse(0, end);
            }
            sorted = true;
        }
    }

    /** Restores the heap of n below i whose top is the worst. */
    private void sinkWorse(int i, int n) {
        int parent = i;
        for (int child = 2 * parent + 1; child < n; child = 2 * parent + 1) {
            if (child + 1 < n && isBetter(logits, child, child + 1)) {
                child++;
            }
            if (!isBetter(logits, parent, child)) {
                return;
            }
            swap(logits, parent, child);
            parent = child;
        }
    }

    /** Turns the candidates into a heap whose top has the largest key; {@link #popLargestKey} takes from it. */
    void heapByKey() {
        for (int i = size / 2 - 1; i >= 0; i--) {
            sinkSmaller(i, size);
        }
        sorted = false;
    }

    /** Moves the largest key of the first n candidates to place n - 1 and restores the heap before it. */
    float popLargestKey(int n) {
        swapWithKey(0, n - 1);
        sinkSmaller(0, n - 1);
        return keys[n - 1];
    }

    /** Keeps the n candidates that were popped, in the order in which they were. */
    void keepPopped(int n, boolean areSortedByLogit) {
        for (int i = size - n, j = size - 1; i < j; i++, j--) {
            swapWithKey(i, j);
        }
        int from = size - n;
        System.arraycopy(ids, from, ids, 0, n);
        System.arraycopy(logits, from, logits, 0, n);
        size = n;
        sorted = areSortedByLogit;
    }

    private void sinkSmaller(int i, int n) {
        int parent = i;
        for (int child = 2 * parent + 1; child < n; child = 2 * parent + 1) {
            if (child + 1 < n && isBetter(keys, child + 1, child)) {
                child++;
            }
            if (!isBetter(keys, child, parent)) {
                return;
            }
            swapWithKey(parent, child);
            parent = child;
        }
    }

    private boolean isBetter(float[] by, int a, int b) {
        return by[a] > by[b] || (by[a] == by[b] && ids[a] < ids[b]);
    }

    private void swapWithKey(int a, int b) {
        swap(keys, a, b);
        float logit = logits[a];
        logits[a] = logits[b];
        logits[b] = logit;
    }

    /** Swaps ids and one more array. */
    private void swap(float[] values, int a, int b) {
        int id = ids[a];
        ids[a] = ids[b];
        ids[b] = id;
        float value = values[a];
        values[a] = values[b];
        values[b] = value;
    }
}
