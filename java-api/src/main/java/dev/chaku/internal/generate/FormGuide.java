package dev.chaku.internal.generate;

import dev.chaku.errors.BadInputException;
import dev.chaku.generate.FormResult;
import dev.chaku.generate.OutputForm;
import dev.chaku.internal.generate.grammar.CompiledForm;
import dev.chaku.internal.generate.grammar.FormCursor;
import java.nio.FloatBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a text within its form: removes all tokens that may not come next. Comes after the stages that need token i at
 * place i, before all that remove or reorder. Not thread-safe.
 */
final class FormGuide implements SamplerStage {
    /** No token is forced: the model is asked. */
    static final int FREE = -1;

    private final FormCursor cursor;
    private final @Nullable ChoiceShares shares;

    /** Tokens that end the text, from a place on: in the only way that is left, or the shortest. */
    private int @Nullable [] end;

    private int endAt;

    /** What {@link #forced} found, until the text grows. */
    private int forced;

    private boolean knowsForced;

    FormGuide(CompiledForm form) {
        this.cursor = form.begin();
        this.shares = form.form() instanceof OutputForm.Choices choices ? new ChoiceShares(choices, form) : null;
    }

    private FormGuide(FormGuide from) {
        this.cursor = from.cursor.copy();
        this.shares = null;
        this.end = from.end;
        this.endAt = from.endAt;
    }

    /** One that goes on from here apart, and tells of no choices. */
    FormGuide fork() {
        return new FormGuide(this);
    }

    @Override
    public SamplerStage fork(SamplingRandom random) {
        return fork();
    }

    @Override
    public void apply(Candidates candidates) {
        int n = cursor.allowed(candidates.ids);
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            candidates.logits[i] = candidates.logits[candidates.ids[i]];
            max = Math.max(max, candidates.logits[i]);
        }
        if (max == Float.NEGATIVE_INFINITY) {
            throw new BadInputException(
                    "logit bias: expected one of the " + n + " tokens that the form allows next, got all forbidden");
        }
        candidates.keepFirst(n);
        candidates.unsorted();
    }

    /** The token that alone can come next, or {@link #FREE}. */
    int forced() {
        if (!knowsForced) {
            if (end == null) {
                end = cursor.onlyEnd();
                endAt = 0;
            }
            forced = end == null ? cursor.onlyToken() : endAt < end.length ? end[endAt] : FREE;
            knowsForced = true;
        }
        return forced;
    }

    /**
     * The token that was chosen, if the text can still become whole in the tokens that are left after it; else the
     * first of those that end it soonest, which are then forced.
     *
     * @param left tokens that may come, the chosen one among them
     */
    int endingWithin(int chosen, int left) {
        if (cursor.endsWithin(chosen, left - 1)) {
            return chosen;
        }
        int[] shortest = cursor.shortestEnd();
        if (shortest.length == 0 || shortest.length > left) {
            return chosen;
        }
        end = shortest;
        endAt = 0;
        knowsForced = false;
        return shortest[0];
    }

    /** Is told of the logits that the next token is chosen by. */
    void observe(FloatBuffer logits) {
        if (shares != null) {
            shares.observe(cursor, logits);
        }
    }

    /**
     * Adds a token to the text.
     *
     * @return whether the text is whole and nothing can follow
     */
    boolean advance(int token) {
        if (!accepts(token)) {
            throw new IllegalStateException("token " + token + " was chosen against the form");
        }
        return cursor.isEnd();
    }

    /** Adds a token to the text if it may come next; false if it may not. */
    boolean accepts(int token) {
        if (!cursor.accept(token)) {
            return false;
        }
        if (shares != null) {
            shares.advance(token);
        }
        endAt++;
        knowsForced = false;
        return true;
    }

    /** Whether the text is whole as it is. */
    boolean isComplete() {
        return cursor.isComplete();
    }

    /** Whether the text is whole and nothing can follow. */
    boolean isEnd() {
        return cursor.isEnd();
    }

    FormResult result() {
        return new FormResult(cursor.isComplete(), shares == null ? Map.of() : shares.shares());
    }
}
