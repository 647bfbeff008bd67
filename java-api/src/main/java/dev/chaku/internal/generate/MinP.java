package dev.chaku.internal.generate;

/** Keeps those that are at least p times as likely as the most likely. */
record MinP(float p) implements SamplerStage {
    @Override
    public void apply(Candidates candidates) {
        if (p > 0) {
            candidates.keepAtLeast(candidates.maxLogit() + (float) Math.log(p));
        }
    }
}
