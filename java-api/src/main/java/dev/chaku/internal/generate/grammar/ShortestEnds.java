package dev.chaku.internal.generate.grammar;

import java.util.Arrays;

/**
 * How a text can end soonest: the fewest bytes from each state to the end of its rule, calls included, and from there
 * through those who wait for it. A token that a grammar names counts as one. Made when it is first asked for; then
 * immutable but for what nodes of the stack remember.
 *
 * <p>Knuth's generalization of Dijkstra's algorithm, with a queue in place of a heap: what is found shorter later is
 * passed on again.
 */
final class ShortestEnds {
    /** What never ends; no text is as long. */
    private static final int NEVER = Integer.MAX_VALUE / 2;

    private final Network network;
    private final int[] distance;

    ShortestEnds(Network network) {
        this.network = network;
        this.distance = new int[network.states];
        Arrays.fill(distance, NEVER);
        boolean changed = true;
        while (changed) {
            changed = false;
            // Edges lead forward as a rule, so most is known after one sweep from the last state to the first.
            for (int state = network.states - 1; state >= 0; state--) {
                int best = network.finals.get(state) ? 0 : distance[state];
                for (int e = network.bytesFrom[state]; e < network.bytesFrom[state + 1]; e++) {
                    best = Math.min(best, length(state, e) + distance[network.target[e]]);
                }
                changed |= best < distance[state];
                distance[state] = best;
            }
        }
    }

    private int length(int state, int edge) {
        boolean call = edge >= network.callsFrom[state] && edge < network.tokensFrom[state];
        return call ? distance[network.ruleStart[network.called(edge)]] : 1;
    }

    private int waiting(StackNode node) {
        if (node.minimum < 0) {
            int best = node.returns.length == 0 ? 0 : NEVER;
            for (int i = 0; i < node.returns.length; i++) {
                best = Math.min(best, distance[node.returns[i]] + waiting(node.parents[i]));
            }
            node.minimum = best;
        }
        return node.minimum;
    }

    /** The fewest bytes and named tokens to the end. */
    int length(ParseState state) {
        int best = state.accepting ? 0 : NEVER;
        for (int i = 0; i < state.positions.length && best > 0; i++) {
            best = Math.min(best, distance[state.positions[i]] + waiting(state.nodes[i]));
        }
        return best;
    }

    /**
     * The next symbol of a shortest end: a byte, or from {@link Automaton#TOKENS} on a set of tokens by its place; -1
     * where the text may end.
     */
    int next(ParseState state) {
        int best = state.accepting ? 0 : NEVER;
        int symbol = -1;
        for (int i = 0; i < state.positions.length && best > 0; i++) {
            int position = state.positions[i];
            int after = waiting(state.nodes[i]);
            for (int e = network.bytesFrom[position]; e < network.bytesFrom[position + 1]; e++) {
                boolean call = e >= network.callsFrom[position] && e < network.tokensFrom[position];
                int length = call ? NEVER : 1 + distance[network.target[e]] + after;
                if (length < best) {
                    best = length;
                    symbol = network.low[e];
                }
            }
        }
        return symbol;
    }
}
