package dev.chaku.internal.generate.grammar;

import org.jspecify.annotations.Nullable;

/** A text that grows by tokens and stays within a form. Not thread-safe. */
public final class FormCursor {
    /** Most bytes of an end that is written without asking the model. */
    private static final int MOST_REST = 4096;

    private final CompiledForm form;
    private ParseState state;

    FormCursor(CompiledForm form, ParseState state) {
        this.form = form;
        this.state = state;
    }

    /** The form. */
    public CompiledForm form() {
        return form;
    }

    /** Whether a token may come next; those that end the text where it may end. */
    public boolean allows(int token) {
        return mask().has(token);
    }

    /** The only token that may come next, -1 if there are more or it ends the text. */
    public int onlyToken() {
        int only = mask().single();
        return only >= 0 && form.trie().isEnd(only) && state.accepting ? -1 : only;
    }

    TokenMask mask() {
        return form.mask(state);
    }

    /**
     * Writes the tokens that may come next, in ascending order: at least one, but where {@link #isEnd} says that none
     * may and the vocabulary has none that ends a text.
     *
     * @param ids room for all tokens
     * @return how many there are
     */
    public int allowed(int[] ids) {
        TokenMask mask = mask();
        int n = 0;
        for (int id = mask.next(0); id >= 0; id = mask.next(id + 1)) {
            ids[n++] = id;
        }
        return n;
    }

    /**
     * Adds a token.
     *
     * @return whether it may come; the text is as before if not
     */
    public boolean accept(int token) {
        ParseState next = form.next(state, token);
        if (form.isDead(next)) {
            return false;
        }
        state = next;
        return true;
    }

    /** Adds a byte, as {@link #accept} adds those of a token. */
    boolean acceptByte(int value) {
        ParseState next = form.nextByte(state, value);
        if (form.isDead(next)) {
            return false;
        }
        state = next;
        return true;
    }

    /** Whether the text is whole: it has the form as it is. */
    public boolean isComplete() {
        return state.accepting;
    }

    /** Whether the text is whole and nothing can follow. */
    public boolean isEnd() {
        return state.accepting && state.isEnd();
    }

    /** The tokens that are left to write where the text can end in one way only; null if there are more. */
    public int @Nullable [] onlyEnd() {
        byte[] rest = form.onlyEnd(state, MOST_REST);
        if (rest == null) {
            return null;
        }
        int[] tokens = form.trie().longestTokens(rest);
        return tokens.length == 0 && rest.length > 0 ? null : tokens;
    }

    /**
     * Whether the text can become whole within so many tokens after a token, which may come next or ends the text.
     *
     * @param token not added
     */
    public boolean endsWithin(int token, int tokens) {
        if (form.trie().isEnd(token)) {
            return true;
        }
        ParseState next = form.next(state, token);
        return form.mostOfShortestEnd(next) <= tokens || form.shortestEnd(next).length <= tokens;
    }

    /** The tokens of an end with the fewest bytes; none where the text is whole. */
    public int[] shortestEnd() {
        return form.shortestEnd(state);
    }

    /** The same text, to be gone on with apart. */
    public FormCursor copy() {
        return new FormCursor(form, state);
    }
}
