package dev.chaku.internal.generate.grammar;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Sets of byte strings as deterministic automata: what both accept, what one accepts and the other does not, what
 * either accepts. All results are as small as they can be, so that equal sets have equal automata.
 */
final class Automata {
    /** Most pairs of states that a combination may have. */
    private static final int MOST_PAIRS = 200_000;

    private enum Combination {
        BOTH,
        FIRST_ALONE,
        EITHER;

        boolean accepts(boolean first, boolean second) {
            return switch (this) {
                case BOTH -> first && second;
                case FIRST_ALONE -> first && !second;
                case EITHER -> first || second;
            };
        }

        /** Whether nothing can be accepted any more where the first, or the second, has died. */
        boolean isOver(boolean firstDied, boolean secondDied) {
            return switch (this) {
                case BOTH -> firstDied || secondDied;
                case FIRST_ALONE -> firstDied;
                case EITHER -> firstDied && secondDied;
            };
        }
    }

    /** Accepts no text. */
    static final Automaton NOTHING =
            new Automaton(new int[] {0, 0}, new int[0], new int[0], new int[0], new BitSet(), true);

    private Automata() {}

    /** Whether both accept the same. */
    static boolean same(Automaton a, Automaton b) {
        return a == b || a.equals(b);
    }

    static Automaton both(Automaton a, Automaton b) {
        if (a == b || a.isNothing()) {
            return a;
        }
        if (b.isNothing()) {
            return b;
        }
        return combined(a, b, Combination.BOTH);
    }

    static Automaton minus(Automaton a, Automaton b) {
        if (b.isNothing() || a.isNothing()) {
            return a;
        }
        return combined(a, b, Combination.FIRST_ALONE);
    }

    static Automaton either(Automaton a, Automaton b) {
        if (a == b || b.isNothing()) {
            return a;
        }
        if (a.isNothing()) {
            return b;
        }
        return combined(a, b, Combination.EITHER);
    }

    /** The automaton of an expression that calls no rule. */
    static Automaton of(Expression expression, String what) {
        AutomatonBuilder builder = new AutomatonBuilder(what);
        int start = builder.state();
        int end = builder.state();
        builder.finals.set(end);
        new ExpressionCompiler(builder, rule -> null, rule -> false).add(expression, start, end);
        return Determinizer.deterministicOf(builder, start);
    }

    private static Automaton combined(Automaton a, Automaton b, Combination how) {
        if (!a.deterministic() || !b.deterministic()) {
            throw FormLimits.tooComplex("form");
        }
        StateTable table = new StateTable();
        Map<Long, Integer> numbers = new HashMap<>();
        IntList firsts = new IntList();
        IntList seconds = new IntList();
        number(0, 0, numbers, firsts, seconds);
        for (int i = 0; i < firsts.size(); i++) {
            if (i >= MOST_PAIRS) {
                throw FormLimits.tooComplex("form");
            }
            int p = firsts.get(i);
            int q = seconds.get(i);
            table.begin();
            if (how.accepts(p >= 0 && a.finals().get(p), q >= 0 && b.finals().get(q))) {
                table.finals.set(i);
            }
            for (int from = 0; from < Automaton.CALLS; ) {
                int to = Math.min(reach(a, p, from), reach(b, q, from));
                int pNext = p < 0 ? -1 : a.next(p, from);
                int qNext = q < 0 ? -1 : b.next(q, from);
                if (!how.isOver(pNext < 0, qNext < 0)) {
                    table.edge(from, to - 1, number(pNext, qNext, numbers, firsts, seconds));
                }
                from = to;
            }
        }
        return StateTable.minimized(table.trimmed(true));
    }

    /** The first symbol after one at which the state may do something else. */
    private static int reach(Automaton automaton, int state, int symbol) {
        if (state < 0) {
            return Automaton.CALLS;
        }
        for (int e = automaton.edgeStart()[state]; e < automaton.edgeStart()[state + 1]; e++) {
            if (automaton.low()[e] > symbol) {
                return Math.min(Automaton.CALLS, automaton.low()[e]);
            }
            if (automaton.high()[e] >= symbol) {
                return automaton.high()[e] + 1;
            }
        }
        return Automaton.CALLS;
    }

    private static int number(int p, int q, Map<Long, Integer> numbers, IntList firsts, IntList seconds) {
        Integer number = numbers.putIfAbsent((long) p << 32 | q & 0xffffffffL, firsts.size());
        if (number == null) {
            firsts.add(p);
            seconds.add(q);
            return firsts.size() - 1;
        }
        return number;
    }
}
