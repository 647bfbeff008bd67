package dev.chaku.internal.generate.grammar;

import org.jspecify.annotations.Nullable;

/**
 * Where to go on when the rule that is being read ends: states of callers, each with where that goes on. Nodes are
 * shared: equal ones are one object, whatever text led to them.
 */
final class StackNode {
    final int id;
    final int[] returns;
    final StackNode[] parents;

    /** The state that the end of the rule leads to, once it is known. */
    @Nullable
    ParseState after;

    /** The fewest bytes from the end of the rule to that of the text; -1 where nobody asked yet. */
    int minimum = -1;

    StackNode(int id, int[] returns, StackNode[] parents) {
        this.id = id;
        this.returns = returns;
        this.parents = parents;
    }
}
