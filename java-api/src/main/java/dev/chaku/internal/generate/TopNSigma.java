package dev.chaku.internal.generate;

/**
 * Keeps those whose logit lies within n standard deviations below the largest [1].
 *
 * <p>[1] Tang et al., arXiv 2411.07641.
 */
record TopNSigma(float n) implements SamplerStage {
    @Override
    public void apply(Candidates candidates) {
        int size = candidates.size();
        if (n <= 0 || size <= 1) {
            return;
        }
        double sum = 0;
        int finite = 0;
        for (int i = 0; i < size; i++) {
            if (candidates.logits[i] > Float.NEGATIVE_INFINITY) {
                sum += candidates.logits[i];
                finite++;
            }
        }
        double mean = sum / finite;
        double squares = 0;
        for (int i = 0; i < size; i++) {
            if (candidates.logits[i] > Float.NEGATIVE_INFINITY) {
                double d = candidates.logits[i] - mean;
                squares += d * d;
            }
        }
        candidates.keepAtLeast((float) (candidates.maxLogit() - n * Math.sqrt(squares / finite)));
    }
}
