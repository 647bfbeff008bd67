package dev.chaku.internal.generate;

import java.util.Map;

/**
 * Adds to the logits of some tokens; minus infinity bans one. Comes before every stage that removes or reorders
 * candidates.
 */
record LogitBias(Map<Integer, Float> biases) implements SamplerStage {
    @Override
    public void apply(Candidates candidates) {
        biases.forEach((id, bias) -> {
            if (id >= 0 && id < candidates.size()) {
                candidates.logits[id] += bias;
            }
        });
    }
}
