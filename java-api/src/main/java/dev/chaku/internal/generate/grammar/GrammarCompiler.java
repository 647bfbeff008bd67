package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes one automaton of each rule, and a {@link Network} of them.
 *
 * <p>Small rules are written out where they are called. A rule that begins with a call of itself (A = A x | y) becomes
 * one that loops (A = y x*), which accepts the same; rules that begin with each other are refused.
 */
final class GrammarCompiler {
    /** Most states of a rule without loops that is written out wherever it is called. */
    private static final int MOST_INLINED = 40;

    /** Most states of a rule with loops that is. */
    private static final int MOST_LOOPS_INLINED = 4;

    /** Most states of a rule that is called once and written out there. */
    private static final int MOST_USED_ONCE = 2000;

    private final String what;
    private final Grammar grammar;
    private final RuleGraph graph;
    private final @Nullable Automaton[] automata;

    private GrammarCompiler(Grammar grammar, String what) {
        this.what = what;
        this.grammar = grammar;
        this.graph = new RuleGraph(grammar);
        this.automata = new Automaton[grammar.rules().size()];
    }

    /**
     * Compiles.
     *
     * @param spellable bytes that tokens can spell one by one: texts with other bytes are left out
     * @param what that messages name, for instance {@code grammar}
     * @throws BadInputException if no text follows the grammar, it begins with itself or is too large
     */
    static Network compile(Grammar grammar, BitSet spellable, String what) {
        GrammarCompiler compiler = new GrammarCompiler(grammar, what);
        int states = 0;
        for (int rule : compiler.graph.order) {
            Automaton made = compiler.automaton(rule);
            compiler.automata[rule] = made;
            states += made.states();
            if (states > FormLimits.STATES) {
                throw FormLimits.tooComplex(what);
            }
        }
        compiler.removeEndless(spellable);
        compiler.refuseLeftRecursion();
        return new Network(compiler.automata, compiler.graph.order, grammar.root(), grammar.tokenSets());
    }

    private Automaton automaton(int rule) {
        if (grammar.rules().get(rule).body() instanceof Expression.Embedded embedded) {
            return embedded.automaton();
        }
        AutomatonBuilder builder = new AutomatonBuilder(what);
        int start = builder.state();
        int end = builder.state();
        builder.finals.set(end);
        new ExpressionCompiler(builder, this::inlined, graph.empty::get)
                .add(grammar.rules().get(rule).body(), start, end);
        return withoutSelfStart(Determinizer.of(builder, start), rule);
    }

    private @Nullable Automaton inlined(int rule) {
        Automaton body = automata[rule];
        if (body == null || callsAnything(body)) {
            return null;
        }
        int most = graph.uses[rule] == 1 ? MOST_USED_ONCE : body.hasCycle() ? MOST_LOOPS_INLINED : MOST_INLINED;
        return body.states() <= most ? body : null;
    }

    private static boolean callsAnything(Automaton automaton) {
        for (int symbol : automaton.low()) {
            if (symbol >= Automaton.CALLS && symbol < Automaton.TOKENS) {
                return true;
            }
        }
        return false;
    }

    private Automaton withoutSelfStart(Automaton from, int rule) {
        int self = Automaton.CALLS + rule;
        IntList after = new IntList();
        for (int e = 0; e < from.edgeStart()[1]; e++) {
            if (from.low()[e] == self) {
                after.add(from.target()[e]);
            }
        }
        if (after.size() == 0) {
            return from;
        }
        AutomatonBuilder builder = new AutomatonBuilder(what);
        for (int s = 0; s < from.states(); s++) {
            builder.state();
        }
        int start = builder.state();
        for (int s = 0; s < from.states(); s++) {
            boolean ends = from.finals().get(s);
            builder.finals.set(s, ends);
            for (int i = 0; ends && i < after.size(); i++) {
                builder.empty(s, after.get(i));
            }
            for (int e = from.edgeStart()[s]; e < from.edgeStart()[s + 1]; e++) {
                builder.edge(s, from.low()[e], from.high()[e], from.target()[e]);
                if (s == 0 && from.low()[e] != self) {
                    builder.edge(start, from.low()[e], from.high()[e], from.target()[e]);
                }
            }
        }
        builder.finals.set(start, from.finals().get(0));
        return Determinizer.of(builder, start);
    }

    /** Removes what never ends: calls of rules that no text follows, and bytes that no token spells. */
    private void removeEndless(BitSet spellable) {
        BitSet ends = new BitSet();
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int rule : graph.order) {
                if (!ends.get(rule) && !reduced(rule, spellable, ends).isNothing()) {
                    ends.set(rule);
                    changed = true;
                }
            }
        }
        if (!ends.get(grammar.root())) {
            throw new BadInputException(what + ": expected a form that some text can have, found none: "
                    + grammar.rules().get(grammar.root()).name()
                    + (spellable.cardinality() < 256 ? " never ends with the tokens of this model" : " never ends"));
        }
        for (int rule : graph.order) {
            automata[rule] = reduced(rule, spellable, ends);
        }
    }

    private Automaton reduced(int rule, BitSet spellable, BitSet ends) {
        Automaton from = automata[rule];
        StateTable table = new StateTable();
        for (int s = 0; s < from.states(); s++) {
            table.begin();
            table.finals.set(s, from.finals().get(s));
            for (int e = from.edgeStart()[s]; e < from.edgeStart()[s + 1]; e++) {
                int low = from.low()[e];
                int high = from.high()[e];
                boolean isByte = low < Automaton.CALLS;
                if (isByte) {
                    for (int first = spellable.nextSetBit(low); first >= 0 && first <= high; ) {
                        int end = Math.min(spellable.nextClearBit(first), high + 1);
                        table.edge(first, end - 1, from.target()[e]);
                        first = spellable.nextSetBit(end);
                    }
                } else if (low >= Automaton.TOKENS || ends.get(low - Automaton.CALLS)) {
                    table.edge(low, high, from.target()[e]);
                }
            }
        }
        return table.trimmed(from.deterministic());
    }

    /** Rules that begin with a call of each other would be called without end. */
    private void refuseLeftRecursion() {
        int[] kind = new int[automata.length];
        int[] stack = new int[automata.length];
        int[] at = new int[automata.length];
        for (int first : graph.order) {
            int depth = 0;
            if (kind[first] == 0) {
                kind[first] = 1;
                stack[depth++] = first;
            }
            while (depth > 0) {
                int rule = stack[depth - 1];
                Automaton automaton = automata[rule];
                if (at[rule] == (automaton.states() == 0 ? 0 : automaton.edgeStart()[1])) {
                    kind[rule] = 2;
                    depth--;
                    continue;
                }
                int symbol = automaton.low()[at[rule]++];
                if (symbol < Automaton.CALLS || symbol >= Automaton.TOKENS) {
                    continue;
                }
                int called = symbol - Automaton.CALLS;
                if (kind[called] == 1) {
                    throw leftRecursion(stack, depth, called);
                }
                if (kind[called] == 0) {
                    kind[called] = 1;
                    stack[depth++] = called;
                }
            }
        }
    }

    private BadInputException leftRecursion(int[] stack, int depth, int called) {
        List<Grammar.Rule> rules = grammar.rules();
        StringBuilder path = new StringBuilder();
        int from = depth - 1;
        while (stack[from] != called) {
            from--;
        }
        for (int i = from; i < depth; i++) {
            path.append(rules.get(stack[i]).name()).append(" -> ");
        }
        path.append(rules.get(called).name());
        return new BadInputException(what + ": expected rules that do not begin with each other, found " + path);
    }
}
