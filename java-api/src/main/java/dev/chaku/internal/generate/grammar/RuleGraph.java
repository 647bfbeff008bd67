package dev.chaku.internal.generate.grammar;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/** Which rules of a grammar call which: those that are reached, called ones first, and what may be empty. */
final class RuleGraph {
    private final Grammar grammar;
    private final int[][] calls;

    /** How often each rule is called from those that are reached. */
    final int[] uses;

    /** Rules that are reached from the root, called ones before their callers where they do not call each other. */
    final int[] order;

    /** Rules that accept the empty text. */
    final BitSet empty = new BitSet();

    RuleGraph(Grammar grammar) {
        this.grammar = grammar;
        this.calls = new int[grammar.rules().size()][];
        this.uses = new int[calls.length];
        this.order = depthFirst();
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int rule : order) {
                if (!empty.get(rule) && mayBeEmpty(grammar.rules().get(rule).body())) {
                    empty.set(rule);
                    changed = true;
                }
            }
        }
    }

    private int[] depthFirst() {
        int[] sequence = new int[calls.length];
        int[] at = new int[calls.length];
        int[] stack = new int[calls.length];
        int depth = 0;
        int size = 0;
        Arrays.fill(at, -1);
        stack[depth++] = grammar.root();
        at[grammar.root()] = 0;
        while (depth > 0) {
            int rule = stack[depth - 1];
            if (calls[rule] == null) {
                IntList found = new IntList();
                collect(grammar.rules().get(rule).body(), found);
                calls[rule] = found.toArray();
            }
            if (at[rule] == calls[rule].length) {
                sequence[size++] = rule;
                depth--;
                continue;
            }
            int called = calls[rule][at[rule]++];
            uses[called]++;
            if (at[called] < 0) {
                at[called] = 0;
                stack[depth++] = called;
            }
        }
        return Arrays.copyOf(sequence, size);
    }

    private static void collect(Expression expression, IntList out) {
        if (expression instanceof Expression.Call call) {
            out.add(call.rule());
        } else if (expression instanceof Expression.Embedded embedded) {
            for (int symbol : embedded.automaton().low()) {
                if (symbol >= Automaton.CALLS && symbol < Automaton.TOKENS) {
                    out.add(symbol - Automaton.CALLS);
                }
            }
        } else if (expression instanceof Expression.Repeat repeat) {
            int before = out.size();
            collect(repeat.body(), out);
            // Written out more than once.
            if (repeat.maximum() > 1 || repeat.minimum() > 0) {
                for (int i = before, end = out.size(); i < end; i++) {
                    out.add(out.get(i));
                }
            }
        } else {
            parts(expression).forEach(part -> collect(part, out));
        }
    }

    private static List<Expression> parts(Expression expression) {
        if (expression instanceof Expression.Sequence sequence) {
            return sequence.parts();
        }
        return expression instanceof Expression.Choice choice ? choice.options() : List.of();
    }

    private boolean mayBeEmpty(Expression expression) {
        if (expression instanceof Expression.Sequence sequence) {
            return sequence.parts().stream().allMatch(this::mayBeEmpty);
        } else if (expression instanceof Expression.Choice choice) {
            return choice.options().stream().anyMatch(this::mayBeEmpty);
        } else if (expression instanceof Expression.Repeat repeat) {
            return repeat.minimum() == 0 || mayBeEmpty(repeat.body());
        } else if (expression instanceof Expression.Call call) {
            return empty.get(call.rule());
        } else if (expression instanceof Expression.Literal literal) {
            return literal.bytes().length == 0;
        } else if (expression instanceof Expression.Embedded embedded) {
            return embedded.automaton().finals().get(0);
        }
        return false;
    }
}
