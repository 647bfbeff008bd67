package dev.chaku.internal.generate.grammar;

import java.util.Arrays;
import java.util.BitSet;

/**
 * A finite automaton over symbols: the 256 bytes, and above them calls of rules and sets of tokens. State 0 begins. It
 * has no empty transitions; where it is deterministic, the edges of a state do not overlap. Immutable.
 *
 * @param edgeStart of each state and one more: where its edges begin, in ascending order of symbols
 * @param low first symbol of each edge
 * @param high last symbol of each edge
 * @param target state that each edge leads to
 * @param finals states in which the text may end
 * @param deterministic whether at most one edge of a state has a symbol
 */
record Automaton(int[] edgeStart, int[] low, int[] high, int[] target, BitSet finals, boolean deterministic) {
    /** Symbols from here on are calls of rules, the rule's place added. */
    static final int CALLS = 256;

    /** Symbols from here on are sets of tokens. */
    static final int TOKENS = 1 << 28;

    @Override
    public boolean equals(Object other) {
        return other instanceof Automaton automaton
                && Arrays.equals(edgeStart, automaton.edgeStart)
                && Arrays.equals(low, automaton.low)
                && Arrays.equals(high, automaton.high)
                && Arrays.equals(target, automaton.target)
                && finals.equals(automaton.finals);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(target) * 31 + Arrays.hashCode(low);
    }

    int states() {
        return edgeStart.length - 1;
    }

    int edges() {
        return target.length;
    }

    /** The state that a byte leads to, or -1; for deterministic ones. */
    int next(int state, int symbol) {
        for (int e = edgeStart[state]; e < edgeStart[state + 1]; e++) {
            if (symbol <= high[e]) {
                return symbol >= low[e] ? target[e] : -1;
            }
        }
        return -1;
    }

    /** Whether it accepts a text; for deterministic ones over bytes alone. */
    boolean accepts(byte[] text) {
        int state = 0;
        for (int i = 0; i < text.length && state >= 0; i++) {
            state = next(state, text[i] & 0xff);
        }
        return state >= 0 && finals.get(state);
    }

    /** Whether it accepts no text at all; every state of an automaton leads to an end, if any does. */
    boolean isNothing() {
        return finals.isEmpty();
    }

    boolean hasCycle() {
        int n = states();
        int[] incoming = new int[n];
        for (int to : target) {
            incoming[to]++;
        }
        int[] queue = new int[n];
        int size = 0;
        for (int s = 0; s < n; s++) {
            if (incoming[s] == 0) {
                queue[size++] = s;
            }
        }
        for (int i = 0; i < size; i++) {
            for (int e = edgeStart[queue[i]]; e < edgeStart[queue[i] + 1]; e++) {
                if (--incoming[target[e]] == 0) {
                    queue[size++] = target[e];
                }
            }
        }
        return size < n;
    }
}
