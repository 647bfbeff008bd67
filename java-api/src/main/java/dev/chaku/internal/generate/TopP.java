package dev.chaku.internal.generate;

/**
 * Nucleus sampling [1]: keeps the most likely that together have at least the probability p. Only as many as are kept
 * are put in order.
 *
 * <p>[1] Holtzman et al., arXiv 1904.09751.
 */
record TopP(float p) implements SamplerStage {
    @Override
    public void apply(Candidates candidates) {
        if (p >= 1) {
            return;
        }
        candidates.softmax();
        candidates.heapByKey();
        float sum = 0;
        int popped = 0;
        while (popped < candidates.size() && (popped == 0 || sum < p)) {
            sum += candidates.popLargestKey(candidates.size() - popped);
            popped++;
        }
        candidates.keepPopped(popped, true);
    }
}
