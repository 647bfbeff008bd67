package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.json.JsonTree;

/** How large a form may become: what is beyond ends in a clear error, in bounded time and memory. */
final class FormLimits {
    /** Most bytes of a grammar, a schema or an expression as it is written. */
    static final int SOURCE_BYTES = 2 << 20;

    /** Most levels of nesting in what is written. */
    static final int DEPTH = JsonTree.DEPTH;

    /** Most states of all automata of a form. */
    static final int STATES = 300_000;

    /** Most edges of all automata of a form. */
    static final int EDGES = 2_000_000;

    /** Most steps of making an automaton deterministic before it is left as it is. */
    static final int STEPS = 20_000_000;

    /** Most ways of reading a text at once. */
    static final int WAYS = 20_000;

    private FormLimits() {}

    static BadInputException tooComplex(String what) {
        return new BadInputException(what + ": expected a form of at most " + STATES
                + " states, found one that needs more; fewer or smaller counted repetitions make it simpler");
    }

    static void requireSource(String what, String source) {
        if (source.length() > SOURCE_BYTES) {
            throw new BadInputException(
                    what + ": expected at most " + SOURCE_BYTES + " characters, found " + source.length());
        }
    }
}
