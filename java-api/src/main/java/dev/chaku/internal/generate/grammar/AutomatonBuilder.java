package dev.chaku.internal.generate.grammar;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Collects states and edges, empty transitions among them (Thompson's construction). Not thread-safe.
 *
 * <p>It refuses more states or edges than {@link FormLimits} allow.
 */
final class AutomatonBuilder {
    static final int EMPTY = -1;

    /** Sets of more ranges share bytes: they are made small first. */
    private static final int FEW_RANGES = 16;

    private final String what;
    private final Map<CharacterSet, Automaton> sets = new HashMap<>();
    private int[] head = new int[16];
    private int[] following = new int[32];
    private int[] low = new int[32];
    private int[] high = new int[32];
    private int[] target = new int[32];
    private int states;
    private int edges;
    final BitSet finals = new BitSet();

    /** @param what that messages name */
    AutomatonBuilder(String what) {
        this.what = what;
    }

    String what() {
        return what;
    }

    int states() {
        return states;
    }

    int state() {
        if (states == head.length) {
            head = Arrays.copyOf(head, 2 * states);
        }
        if (states >= FormLimits.STATES) {
            throw FormLimits.tooComplex(what);
        }
        head[states] = -1;
        return states++;
    }

    void edge(int from, int first, int last, int to) {
        if (edges == target.length) {
            following = Arrays.copyOf(following, 2 * edges);
            low = Arrays.copyOf(low, 2 * edges);
            high = Arrays.copyOf(high, 2 * edges);
            target = Arrays.copyOf(target, 2 * edges);
        }
        if (edges >= FormLimits.EDGES) {
            throw FormLimits.tooComplex(what);
        }
        low[edges] = first;
        high[edges] = last;
        target[edges] = to;
        following[edges] = head[from];
        head[from] = edges++;
    }

    void empty(int from, int to) {
        if (from != to) {
            edge(from, EMPTY, EMPTY, to);
        }
    }

    int firstEdge(int state) {
        return head[state];
    }

    int nextEdge(int edge) {
        return following[edge];
    }

    int low(int edge) {
        return low[edge];
    }

    int high(int edge) {
        return high[edge];
    }

    int target(int edge) {
        return target[edge];
    }

    /** Adds one character of a set, in UTF-8, between two states. */
    void characters(int from, int to, CharacterSet set) {
        if (set.ranges() > FEW_RANGES) {
            embed(from, to, sets.computeIfAbsent(set, this::automaton));
            return;
        }
        for (int i = 0; i < set.ranges(); i++) {
            Utf8Ranges.add(this, from, to, set.first(i), set.last(i));
        }
    }

    private Automaton automaton(CharacterSet set) {
        AutomatonBuilder own = new AutomatonBuilder(what);
        int start = own.state();
        int end = own.state();
        own.finals.set(end);
        for (int i = 0; i < set.ranges(); i++) {
            Utf8Ranges.add(own, start, end, set.first(i), set.last(i));
        }
        return Determinizer.deterministicOf(own, start);
    }

    /** Adds a copy of an automaton between two states. */
    void embed(int from, int to, Automaton automaton) {
        int offset = states;
        for (int s = 0; s < automaton.states(); s++) {
            state();
        }
        for (int s = 0; s < automaton.states(); s++) {
            for (int e = automaton.edgeStart()[s]; e < automaton.edgeStart()[s + 1]; e++) {
                edge(
                        offset + s,
                        automaton.low()[e],
                        automaton.high()[e],
                        offset + automaton.target()[e]);
            }
            if (automaton.finals().get(s)) {
                empty(offset + s, to);
            }
        }
        empty(from, offset);
    }
}
