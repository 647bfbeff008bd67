package dev.chaku.internal.generate;

import java.util.HashMap;
import java.util.Map;

/**
 * Makes tokens that occurred among the last ones less likely. Comes before every stage that removes or reorders
 * candidates: token i must stand at place i.
 */
final class Penalties implements SamplerStage {
    private final float repeat;
    private final float frequency;
    private final float presence;
    private final int[] last;
    private final Map<Integer, Integer> counts = new HashMap<>();
    private int seen;

    /**
     * @param lastTokens how many tokens are looked back on
     * @param repeat divides positive logits and multiplies negative ones; 1 for none
     * @param frequency subtracted once for each occurrence
     * @param presence subtracted once if there is an occurrence
     */
    Penalties(int lastTokens, float repeat, float frequency, float presence) {
        this.repeat = repeat;
        this.frequency = frequency;
        this.presence = presence;
        this.last = new int[lastTokens];
    }

    private Penalties(Penalties from) {
        this.repeat = from.repeat;
        this.frequency = from.frequency;
        this.presence = from.presence;
        this.last = from.last.clone();
        this.counts.putAll(from.counts);
        this.seen = from.seen;
    }

    @Override
    public SamplerStage fork(SamplingRandom random) {
        return new Penalties(this);
    }

    @Override
    public void apply(Candidates candidates) {
        counts.forEach((id, count) -> {
            float logit = candidates.logits[id];
            logit = logit <= 0 ? logit * repeat : logit / repeat;
            candidates.logits[id] = logit - count * frequency - presence;
        });
    }

    @Override
    public void accept(int token) {
        if (last.length == 0) {
            return;
        }
        int place = seen % last.length;
        if (seen >= last.length) {
            counts.computeIfPresent(last[place], (id, count) -> count > 1 ? count - 1 : null);
        }
        last[place] = token;
        counts.merge(token, 1, Integer::sum);
        seen++;
    }
}
