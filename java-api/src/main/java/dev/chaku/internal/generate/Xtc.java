package dev.chaku.internal.generate;

/**
 * Excludes top choices: with some probability removes all but the least likely of those that are at least as likely as
 * a threshold.
 */
final class Xtc implements SamplerStage {
    /** No two tokens can be likelier than this. */
    private static final float MOST_THRESHOLD = 0.5f;

    private final float probability;
    private final float threshold;
    private final SamplingRandom random;

    Xtc(float probability, float threshold, SamplingRandom random) {
        this.probability = probability;
        this.threshold = threshold;
        this.random = random;
    }

    @Override
    public SamplerStage fork(SamplingRandom own) {
        return new Xtc(probability, threshold, own);
    }

    @Override
    public void apply(Candidates candidates) {
        if (probability <= 0 || threshold > MOST_THRESHOLD || candidates.size() < 2 || random.next() > probability) {
            return;
        }
        candidates.keepTop(candidates.size());
        candidates.softmax();
        int choices = 0;
        while (choices < candidates.size() && candidates.keys[choices] >= threshold) {
            choices++;
        }
        if (choices > 1) {
            candidates.dropFirst(choices - 1);
        }
    }
}
