package dev.chaku.internal.generate;

/**
 * Locally typical sampling [1]: keeps those whose surprise -ln p lies nearest to its expectation, the entropy, until
 * they have more than the probability p together.
 *
 * <p>[1] Meister et al., arXiv 2202.00666.
 */
record Typical(float p) implements SamplerStage {
    @Override
    public void apply(Candidates candidates) {
        if (p >= 1) {
            return;
        }
        int size = candidates.size();
        candidates.softmax();
        float[] keys = candidates.keys;
        float max = candidates.maxLogit();
        double entropy = 0;
        float likeliest = 0;
        for (int i = 0; i < size; i++) {
            likeliest = Math.max(likeliest, keys[i]);
            entropy -= keys[i] > 0 ? keys[i] * Math.log(keys[i]) : 0;
        }
        // ln p = logit - max + ln(the probability of the most likely), exact where p itself has become 0.
        double offset = Math.log(likeliest) - max;
        for (int i = 0; i < size; i++) {
            keys[i] = (float) -Math.abs(-(candidates.logits[i] + offset) - entropy);
        }
        candidates.heapByKey();
        double sum = 0;
        int popped = 0;
        while (popped < size && sum <= p) {
            candidates.popLargestKey(size - popped);
            sum += Math.exp(candidates.logits[size - popped - 1] + offset);
            popped++;
        }
        candidates.keepPopped(popped, false);
    }
}
