package dev.chaku.internal.generate.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Removes empty transitions and makes an automaton deterministic (subset construction), where that stays within bounds:
 * an automaton that would explode stays as it is, and its states are then followed side by side. Not thread-safe.
 */
final class Determinizer {
    private final AutomatonBuilder builder;
    private final int[] mark;
    private int round;
    private long steps;

    /** Edges of a set of states while it is taken apart. */
    private final IntList edges = new IntList();

    private Determinizer(AutomatonBuilder builder) {
        this.builder = builder;
        this.mark = new int[builder.states()];
    }

    /** The automaton of what leads from a state to the final ones. */
    static Automaton of(AutomatonBuilder builder, int start) {
        return of(builder, start, FormLimits.STATES);
    }

    /** The same, deterministic only where so many states are enough. */
    static Automaton of(AutomatonBuilder builder, int start, int mostStates) {
        Automaton made = new Determinizer(builder).deterministic(start, mostStates);
        return made != null ? StateTable.minimized(made) : new Determinizer(builder).withoutEmpty(start);
    }

    /** The same, or an exception where it cannot be deterministic. */
    static Automaton deterministicOf(AutomatonBuilder builder, int start) {
        Automaton made = new Determinizer(builder).deterministic(start, FormLimits.STATES);
        if (made == null) {
            throw FormLimits.tooComplex(builder.what());
        }
        return StateTable.minimized(made);
    }

    private @Nullable Automaton deterministic(int start, int mostStates) {
        StateTable table = new StateTable();
        Map<IntKey, Integer> numbers = new HashMap<>();
        List<int[]> sets = new ArrayList<>();
        number(closure(new int[] {start}), numbers, sets);
        for (int i = 0; i < sets.size(); i++) {
            int[] set = sets.get(i);
            table.begin();
            edges.clear();
            for (int state : set) {
                if (builder.finals.get(state)) {
                    table.finals.set(i);
                }
                for (int e = builder.firstEdge(state); e >= 0; e = builder.nextEdge(e)) {
                    if (builder.low(e) != AutomatonBuilder.EMPTY) {
                        edges.add(e);
                    }
                }
            }
            bytes(table, numbers, sets);
            symbols(table, numbers, sets);
            if (steps > FormLimits.STEPS || sets.size() > mostStates) {
                return null;
            }
        }
        return table.trimmed(true);
    }

    private int number(int[] set, Map<IntKey, Integer> numbers, List<int[]> sets) {
        Integer number = numbers.putIfAbsent(new IntKey(set), sets.size());
        if (number == null) {
            sets.add(set);
            return sets.size() - 1;
        }
        return number;
    }

    private void bytes(StateTable table, Map<IntKey, Integer> numbers, List<int[]> sets) {
        boolean[] cut = new boolean[Automaton.CALLS + 1];
        boolean any = false;
        for (int i = 0; i < edges.size(); i++) {
            int e = edges.get(i);
            if (builder.low(e) < Automaton.CALLS) {
                cut[builder.low(e)] = true;
                cut[builder.high(e) + 1] = true;
                any = true;
            }
        }
        int[] targets = new int[edges.size()];
        for (int from = 0; any && from < Automaton.CALLS; ) {
            int to = from + 1;
            while (to < Automaton.CALLS && !cut[to]) {
                to++;
            }
            int n = 0;
            for (int i = 0; i < edges.size(); i++) {
                int e = edges.get(i);
                if (builder.low(e) <= from && builder.high(e) >= from) {
                    targets[n++] = builder.target(e);
                }
            }
            steps += edges.size();
            if (n > 0) {
                table.edge(from, to - 1, number(closure(Arrays.copyOf(targets, n)), numbers, sets));
            }
            from = to;
        }
    }

    private void symbols(StateTable table, Map<IntKey, Integer> numbers, List<int[]> sets) {
        long[] rest = new long[edges.size()];
        int n = 0;
        for (int i = 0; i < edges.size(); i++) {
            int e = edges.get(i);
            if (builder.low(e) >= Automaton.CALLS) {
                rest[n++] = (long) builder.low(e) << 32 | builder.target(e);
            }
        }
        Arrays.sort(rest, 0, n);
        for (int from = 0; from < n; ) {
            int symbol = (int) (rest[from] >>> 32);
            int to = from;
            IntList targets = new IntList();
            while (to < n && (int) (rest[to] >>> 32) == symbol) {
                targets.add((int) rest[to++]);
            }
            table.edge(symbol, symbol, number(closure(targets.toArray()), numbers, sets));
            from = to;
        }
    }

    /** The states that are reached without a symbol and do something, in ascending order. */
    private int[] closure(int[] from) {
        round++;
        IntList found = new IntList();
        IntList open = new IntList();
        for (int state : from) {
            if (mark[state] != round) {
                mark[state] = round;
                open.add(state);
            }
        }
        for (int i = 0; i < open.size(); i++) {
            int state = open.get(i);
            boolean does = builder.finals.get(state);
            for (int e = builder.firstEdge(state); e >= 0; e = builder.nextEdge(e)) {
                steps++;
                int to = builder.target(e);
                if (builder.low(e) != AutomatonBuilder.EMPTY) {
                    does = true;
                } else if (mark[to] != round) {
                    mark[to] = round;
                    open.add(to);
                }
            }
            if (does) {
                found.add(state);
            }
        }
        int[] set = found.toArray();
        Arrays.sort(set);
        return set;
    }

    private Automaton withoutEmpty(int start) {
        StateTable table = new StateTable();
        int[] number = new int[builder.states()];
        Arrays.fill(number, -1);
        IntList order = new IntList();
        number[start] = 0;
        order.add(start);
        long made = 0;
        for (int i = 0; i < order.size(); i++) {
            table.begin();
            int[] set = closure(new int[] {order.get(i)});
            TreeEdges sorted = new TreeEdges();
            for (int state : set) {
                if (builder.finals.get(state)) {
                    table.finals.set(i);
                }
                for (int e = builder.firstEdge(state); e >= 0; e = builder.nextEdge(e)) {
                    if (builder.low(e) != AutomatonBuilder.EMPTY) {
                        int to = builder.target(e);
                        if (number[to] < 0) {
                            number[to] = order.size();
                            order.add(to);
                        }
                        sorted.add(builder.low(e), builder.high(e), number[to]);
                    }
                }
            }
            made += sorted.addTo(table);
            if (made > FormLimits.EDGES) {
                throw FormLimits.tooComplex(builder.what());
            }
        }
        return table.trimmed(false);
    }

    /** Edges of one state in ascending order, each once. */
    private static final class TreeEdges {
        private final TreeSet<int[]> edges = new TreeSet<>(Arrays::compare);

        void add(int low, int high, int to) {
            edges.add(new int[] {low, high, to});
        }

        int addTo(StateTable table) {
            edges.forEach(edge -> table.edge(edge[0], edge[1], edge[2]));
            return edges.size();
        }
    }
}
