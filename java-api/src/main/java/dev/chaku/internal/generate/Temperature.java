package dev.chaku.internal.generate;

/**
 * Divides logits by the temperature; 0 leaves the most likely alone. With a range it follows the entropy: the more
 * certain the model, the lower, from {@code temperature - range} to {@code temperature + range}.
 *
 * @param exponent of the normalised entropy
 */
record Temperature(float temperature, float range, float exponent) implements SamplerStage {
    @Override
    public void apply(Candidates candidates) {
        float now = range > 0 && candidates.size() > 1 ? dynamic(candidates) : temperature;
        if (now <= 0) {
            int best = candidates.best();
            candidates.ids[0] = candidates.ids[best];
            candidates.logits[0] = candidates.logits[best];
            candidates.keepFirst(1);
            return;
        }
        for (int i = 0; i < candidates.size(); i++) {
            candidates.logits[i] /= now;
        }
    }

    private float dynamic(Candidates candidates) {
        candidates.softmax();
        double entropy = 0;
        for (int i = 0; i < candidates.size(); i++) {
            float p = candidates.keys[i];
            entropy -= p > 0 ? p * Math.log(p) : 0;
        }
        double normalised = entropy / Math.log(candidates.size());
        float least = Math.max(0, temperature - range);
        float most = temperature + range;
        return (float) (least + (most - least) * Math.pow(normalised, exponent));
    }
}
