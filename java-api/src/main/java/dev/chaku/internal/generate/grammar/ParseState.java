package dev.chaku.internal.generate.grammar;

import org.jspecify.annotations.Nullable;

/**
 * All ways in which a text so far can be read: states of the network, each with where its rule goes on. Equal ones are
 * one object as long as a {@link Machine} remembers them.
 */
final class ParseState {
    final int id;

    /** States of the network that take a byte or a token. */
    final int[] positions;

    /** Of each, where its rule goes on. */
    final StackNode[] nodes;

    /** Whether the text may end here. */
    final boolean accepting;

    /** Whether the rule that was followed without its callers may end here. */
    final boolean escapes;

    /** By the class of a byte, what it leads to; null where that is not known yet. */
    private @Nullable ParseState @Nullable [] next;

    /** The tokens that may follow, once they are known. */
    @Nullable
    TokenMask mask;

    ParseState(int id, int[] positions, StackNode[] nodes, boolean accepting, boolean escapes) {
        this.id = id;
        this.positions = positions;
        this.nodes = nodes;
        this.accepting = accepting;
        this.escapes = escapes;
    }

    /** What a class of bytes leads to, null where that is not known yet. */
    @Nullable
    ParseState next(int kind) {
        return next == null ? null : next[kind];
    }

    void setNext(int kind, int kinds, ParseState to) {
        if (next == null) {
            next = new ParseState[kinds];
        }
        next[kind] = to;
    }

    /** Whether nothing can follow. */
    boolean isEnd() {
        return positions.length == 0;
    }
}
