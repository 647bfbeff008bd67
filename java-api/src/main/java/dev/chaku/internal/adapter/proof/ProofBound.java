package dev.chaku.internal.adapter.proof;

import dev.chaku.internal.generate.LogitDifference;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** What is demanded of two ways to compute the same texts, by what their arithmetic has in common. */
enum ProofBound {
    /** The same matrices through the same products. */
    SAME_BITS(0, 0, "the same bits"),
    /** The same but for scales that are divided and multiplied again. */
    RESCALED(1e-6, Double.MAX_VALUE, "KL at most 1e-6: scales of joined products are rounded"),
    /** The same products in a training's arithmetic, which rounds operands otherwise. */
    TRAINER(1e-3, Double.MAX_VALUE, "KL at most 1e-3: a training rounds the operands of products otherwise"),
    /** One product of the sum in place of the sum of two, and weights rounded once. */
    MERGED_FLOATS(1e-3, Double.MAX_VALUE, "KL at most 1e-3: weights are rounded once"),
    /** The sum rounded to blocks: whether the change is made, not how finely. */
    MERGED_BLOCKS(
            Double.MAX_VALUE,
            Double.MAX_VALUE,
            "at least half of the adapter's change is made, or the base is further away: blocks round it");

    private static final double LEAST_KEPT = 0.5;
    private static final double WELL_KEPT = 0.95;

    /** Below it a change is none. */
    private static final double NOTHING = 1e-9;

    private final double mostDivergence;
    private final double mostDifference;
    private final String words;

    ProofBound(double mostDivergence, double mostDifference, String words) {
        this.mostDivergence = mostDivergence;
        this.mostDifference = mostDifference;
        this.words = words;
    }

    String words() {
        return words;
    }

    /**
     * Whether it holds; never for what is no number.
     *
     * @param kept of a merged model
     * @param change how far the base is from what the adapter makes of it
     */
    boolean holds(LogitDifference found, OptionalDouble kept, double change) {
        if (this == MERGED_BLOCKS) {
            return kept.orElseThrow() >= LEAST_KEPT || found.divergence() < change || change < NOTHING;
        }
        return found.divergence() <= mostDivergence && found.largest() <= mostDifference;
    }

    /** What is worth knowing of a merged model, if anything is. */
    Optional<String> note(LogitDifference found, double change) {
        double left = 1 - found.divergence() / change;
        if (this != MERGED_BLOCKS || change < NOTHING || left >= WELL_KEPT) {
            return Optional.empty();
        }
        return Optional.of(String.format(
                Locale.ROOT,
                "merged: blocks of the base round the sum: it is %.3g nats from base+adapter, where the base alone is "
                        + "%.3g away; a wider format keeps more, as merging with data measures",
                found.divergence(),
                change));
    }
}
