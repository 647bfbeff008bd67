package dev.chaku.internal.generate.grammar;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The automata of a grammar's rules over one numbering of states. The edges of a state are bytes first, then calls of
 * rules, then sets of tokens. Immutable.
 */
final class Network {
    /** Number of all states. */
    final int states;

    /** The state that begins each rule, -1 for rules that are not reached. */
    final int[] ruleStart;

    final int root;
    final List<TokenSet> tokenSets;

    /** Where the edges of a state begin that are bytes, calls, sets of tokens; one more state than there are. */
    final int[] bytesFrom;

    final int[] callsFrom;
    final int[] tokensFrom;
    final int[] low;
    final int[] high;
    final int[] target;
    final BitSet finals = new BitSet();

    /** States that are final and lead nowhere: what calls into them need not come back. */
    final BitSet ends = new BitSet();

    /** The class of each byte: bytes of a class are never told apart. */
    final byte[] classOf = new byte[256];

    final int classes;

    /** The rule of each state. */
    final int[] ruleOf;

    Network(@Nullable Automaton[] automata, int[] order, int rootRule, List<TokenSet> tokenSets) {
        this.tokenSets = tokenSets;
        this.ruleStart = new int[automata.length];
        Arrays.fill(ruleStart, -1);
        int stateCount = 0;
        int edgeCount = 0;
        for (int rule : order) {
            ruleStart[rule] = stateCount;
            stateCount += automata[rule].states();
            edgeCount += automata[rule].edges();
        }
        this.states = stateCount;
        this.root = ruleStart[rootRule];
        this.bytesFrom = new int[stateCount + 1];
        this.callsFrom = new int[stateCount];
        this.tokensFrom = new int[stateCount];
        this.ruleOf = new int[stateCount];
        this.low = new int[edgeCount];
        this.high = new int[edgeCount];
        this.target = new int[edgeCount];
        int edge = 0;
        for (int rule : order) {
            edge = add(rule, automata[rule], edge);
        }
        bytesFrom[stateCount] = edge;
        this.classes = classify();
    }

    private int add(int rule, Automaton automaton, int firstEdge) {
        int edge = firstEdge;
        int offset = ruleStart[rule];
        for (int s = 0; s < automaton.states(); s++) {
            int state = offset + s;
            ruleOf[state] = rule;
            bytesFrom[state] = edge;
            callsFrom[state] = -1;
            tokensFrom[state] = -1;
            for (int e = automaton.edgeStart()[s]; e < automaton.edgeStart()[s + 1]; e++) {
                int symbol = automaton.low()[e];
                if (symbol >= Automaton.CALLS && callsFrom[state] < 0) {
                    callsFrom[state] = edge;
                }
                if (symbol >= Automaton.TOKENS && tokensFrom[state] < 0) {
                    tokensFrom[state] = edge;
                }
                low[edge] = symbol;
                high[edge] = automaton.high()[e];
                target[edge++] = offset + automaton.target()[e];
            }
            tokensFrom[state] = tokensFrom[state] < 0 ? edge : tokensFrom[state];
            callsFrom[state] = callsFrom[state] < 0 ? tokensFrom[state] : callsFrom[state];
            finals.set(state, automaton.finals().get(s));
            ends.set(state, automaton.finals().get(s) && bytesFrom[state] == edge);
        }
        return edge;
    }

    private int classify() {
        BitSet cuts = new BitSet(257);
        for (int state = 0; state < states; state++) {
            for (int e = bytesFrom[state]; e < callsFrom[state]; e++) {
                cuts.set(low[e]);
                cuts.set(high[e] + 1);
            }
        }
        int current = 0;
        for (int value = 0; value < 256; value++) {
            current += value > 0 && cuts.get(value) ? 1 : 0;
            classOf[value] = (byte) current;
        }
        return current + 1;
    }

    /** The rule that an edge calls. */
    int called(int edge) {
        return low[edge] - Automaton.CALLS;
    }

    /** The set of tokens that an edge asks for. */
    TokenSet tokens(int edge) {
        return tokenSets.get(low[edge] - Automaton.TOKENS);
    }

    /** Whether a state has edges of bytes or of tokens. */
    boolean takes(int state) {
        return bytesFrom[state] < callsFrom[state] || tokensFrom[state] < bytesFrom[state + 1];
    }
}
