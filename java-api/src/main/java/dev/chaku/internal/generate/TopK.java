package dev.chaku.internal.generate;

/** Keeps the k most likely. */
record TopK(int k) implements SamplerStage {
    @Override
    public void apply(Candidates candidates) {
        if (k > 0) {
            candidates.keepTop(Math.min(k, candidates.size()));
        }
    }
}
