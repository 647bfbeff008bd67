package dev.chaku.internal.schedule;

import dev.chaku.internal.engine.DecoderSpec;
import dev.chaku.internal.engine.EngineModel;
import org.jspecify.annotations.Nullable;

/**
 * How the next tokens of a text are drafted, to be verified in one step. What comes does not depend on it.
 *
 * @param model drafts; null for what followed the same tokens earlier in the text
 * @param mostTokens drafted at once; 0 for none
 * @param always whether all that can be is drafted, even where that does not pay
 */
public record Drafting(@Nullable Source model, int mostTokens, boolean always) {
    /** Nothing is drafted. */
    public static final Drafting NONE = new Drafting(null, 0, false);

    /**
     * A model that drafts.
     *
     * @param core in its engine
     * @param spec what it is
     */
    public record Source(EngineModel core, DecoderSpec spec) {}
}
