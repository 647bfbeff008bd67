package dev.chaku.internal.generate.grammar;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * States and edges of an automaton under construction, state after state, and what makes it small: states that lead to
 * no end are removed, and those that accept the same are merged (Moore's algorithm). Not thread-safe.
 */
final class StateTable {
    /** Work after which states are left unmerged: they are then more than needed, and as right. */
    private static final long MOST_WORK = 20_000_000;

    private final IntList starts = new IntList();
    private final IntList low = new IntList();
    private final IntList high = new IntList();
    private final IntList target = new IntList();
    final BitSet finals = new BitSet();

    /** Begins the next state; its edges follow, in ascending order. */
    void begin() {
        starts.add(target.size());
    }

    /** Adds an edge to the state that was begun last; one that goes on from its neighbour makes that longer. */
    void edge(int first, int last, int to) {
        int at = target.size() - 1;
        boolean neighbour = at >= starts.get(starts.size() - 1)
                && target.get(at) == to
                && high.get(at) + 1 == first
                && last < Automaton.CALLS;
        if (neighbour) {
            int from = low.get(at);
            truncate(at);
            add(from, last, to);
        } else {
            add(first, last, to);
        }
    }

    private void add(int first, int last, int to) {
        low.add(first);
        high.add(last);
        target.add(to);
    }

    private void truncate(int size) {
        low.truncate(size);
        high.truncate(size);
        target.truncate(size);
    }

    /** The automaton, without states that lead nowhere. */
    Automaton trimmed(boolean deterministic) {
        int n = starts.size();
        starts.add(target.size());
        int[] distance = Incoming.of(n, starts, target).distances(finals);
        int[] number = new int[n];
        Arrays.fill(number, -1);
        int[] order = new int[n];
        int size = 0;
        number[0] = 0;
        order[size++] = 0;
        for (int i = 0; i < size; i++) {
            for (int e = starts.get(order[i]); e < starts.get(order[i] + 1); e++) {
                int to = target.get(e);
                if (distance[to] < Integer.MAX_VALUE && number[to] < 0) {
                    number[to] = size;
                    order[size++] = to;
                }
            }
        }
        return renumbered(order, number, size, deterministic);
    }

    private Automaton renumbered(int[] order, int[] number, int size, boolean deterministic) {
        int[] begins = new int[size + 1];
        IntList lows = new IntList();
        IntList highs = new IntList();
        IntList targets = new IntList();
        BitSet ends = new BitSet();
        for (int i = 0; i < size; i++) {
            begins[i] = targets.size();
            ends.set(i, finals.get(order[i]));
            for (int e = starts.get(order[i]); e < starts.get(order[i] + 1); e++) {
                int to = number[target.get(e)];
                if (to >= 0) {
                    lows.add(low.get(e));
                    highs.add(high.get(e));
                    targets.add(to);
                }
            }
        }
        begins[size] = targets.size();
        return new Automaton(begins, lows.toArray(), highs.toArray(), targets.toArray(), ends, deterministic);
    }

    /** Edges by the state that they lead to: the sources of state s are those from {@code begins[s]} on. */
    private record Incoming(int[] begins, int[] sources) {
        static Incoming of(int n, IntList starts, IntList target) {
            int[] begins = new int[n + 1];
            for (int e = 0; e < target.size(); e++) {
                begins[target.get(e) + 1]++;
            }
            for (int s = 0; s < n; s++) {
                begins[s + 1] += begins[s];
            }
            int[] sources = new int[target.size()];
            int[] at = begins.clone();
            for (int s = 0; s < n; s++) {
                for (int e = starts.get(s); e < starts.get(s + 1); e++) {
                    sources[at[target.get(e)]++] = s;
                }
            }
            return new Incoming(begins, sources);
        }

        /** How many steps the nearest end is away from each state, the largest integer where there is none. */
        int[] distances(BitSet finals) {
            int[] distance = new int[begins.length - 1];
            Arrays.fill(distance, Integer.MAX_VALUE);
            int[] queue = new int[distance.length];
            int size = 0;
            for (int s = finals.nextSetBit(0); s >= 0; s = finals.nextSetBit(s + 1)) {
                distance[s] = 0;
                queue[size++] = s;
            }
            for (int i = 0; i < size; i++) {
                for (int e = begins[queue[i]]; e < begins[queue[i] + 1]; e++) {
                    if (distance[sources[e]] == Integer.MAX_VALUE) {
                        distance[sources[e]] = distance[queue[i]] + 1;
                        queue[size++] = sources[e];
                    }
                }
            }
            return distance;
        }
    }

    /** The smallest deterministic automaton that accepts the same, its states in the order in which they are met. */
    static Automaton minimized(Automaton from) {
        int n = from.states();
        int[] kind = distances(from);
        int kinds = 0;
        long work = 0;
        while (true) {
            Map<IntKey, Integer> seen = new HashMap<>();
            int[] next = new int[n];
            for (int s = 0; s < n; s++) {
                Integer number = seen.putIfAbsent(signature(from, s, kind), seen.size());
                next[s] = number == null ? seen.size() - 1 : number;
            }
            kind = next;
            if (seen.size() == kinds) {
                break;
            }
            kinds = seen.size();
            work += n + from.edges();
            if (kinds == n || work > MOST_WORK) {
                return from;
            }
        }
        return merged(from, kind, kinds);
    }

    private static Automaton merged(Automaton from, int[] kind, int kinds) {
        int[] first = new int[kinds];
        Arrays.fill(first, -1);
        for (int s = 0; s < from.states(); s++) {
            first[kind[s]] = first[kind[s]] < 0 ? s : first[kind[s]];
        }
        StateTable table = new StateTable();
        for (int k = 0; k < kinds; k++) {
            table.begin();
            table.finals.set(k, from.finals().get(first[k]));
            for (int e = from.edgeStart()[first[k]]; e < from.edgeStart()[first[k] + 1]; e++) {
                table.edge(from.low()[e], from.high()[e], kind[from.target()[e]]);
            }
        }
        return table.trimmed(true);
    }

    /** How many steps the nearest end is away: states that accept the same have the same. */
    private static int[] distances(Automaton from) {
        IntList starts = new IntList();
        IntList targets = new IntList();
        Arrays.stream(from.edgeStart()).forEach(starts::add);
        Arrays.stream(from.target()).forEach(targets::add);
        return Incoming.of(from.states(), starts, targets).distances(from.finals());
    }

    private static IntKey signature(Automaton from, int state, int[] kind) {
        int begin = from.edgeStart()[state];
        int end = from.edgeStart()[state + 1];
        int[] signature = new int[1 + 3 * (end - begin)];
        signature[0] = kind[state];
        int size = 1;
        for (int e = begin; e < end; e++) {
            int to = kind[from.target()[e]];
            boolean longer = size > 1
                    && signature[size - 1] == to
                    && signature[size - 2] + 1 == from.low()[e]
                    && from.high()[e] < Automaton.CALLS;
            if (longer) {
                signature[size - 2] = from.high()[e];
            } else {
                signature[size++] = from.low()[e];
                signature[size++] = from.high()[e];
                signature[size++] = to;
            }
        }
        return new IntKey(Arrays.copyOf(signature, size));
    }
}
