package dev.chaku.internal.generate.grammar;

/**
 * Makes automata of regular expressions.
 *
 * <p>Anchors are read by four copies of the automaton, which say whether there is text before, and whether the end was
 * asserted: {@code ^} leads on where there is none before, and after {@code $} no byte may come.
 */
final class Regex {
    private static final int BEFORE = 1;
    private static final int ENDED = 2;

    private Regex() {}

    /** The texts that an expression matches as a whole, by RE2's reading. */
    static Automaton whole(String what, String pattern) {
        return automaton(what, new RegexParser(what, pattern, false).parse(), false);
    }

    /** The texts in which an expression matches something, by JavaScript's reading. */
    static Automaton within(String what, String pattern) {
        Expression any = Expression.any(new Expression.Characters(CharacterSet.ALL));
        Expression found = new RegexParser(what, pattern, true).parse();
        return automaton(what, Expression.sequence(any, found, any), true);
    }

    private static Automaton automaton(String what, Expression expression, boolean deterministic) {
        AutomatonBuilder plain = new AutomatonBuilder(what);
        int start = plain.state();
        int end = plain.state();
        new ExpressionCompiler(plain, rule -> null, rule -> false).add(expression, start, end);
        AutomatonBuilder copies = new AutomatonBuilder(what);
        for (int i = 0; i < 4 * plain.states(); i++) {
            copies.state();
        }
        for (int state = 0; state < plain.states(); state++) {
            for (int e = plain.firstEdge(state); e >= 0; e = plain.nextEdge(e)) {
                for (int copy = 0; copy < 4; copy++) {
                    add(plain, e, 4 * state, copy, copies);
                }
            }
        }
        for (int copy = 0; copy < 4; copy++) {
            copies.finals.set(4 * end + copy);
        }
        return deterministic ? Determinizer.deterministicOf(copies, 4 * start) : Determinizer.of(copies, 4 * start);
    }

    private static void add(AutomatonBuilder plain, int edge, int from, int copy, AutomatonBuilder copies) {
        int symbol = plain.low(edge);
        int to = 4 * plain.target(edge);
        if (symbol == AutomatonBuilder.EMPTY) {
            copies.empty(from + copy, to + copy);
        } else if (symbol == RegexParser.BEGIN) {
            if ((copy & BEFORE) == 0) {
                copies.empty(from + copy, to + copy);
            }
        } else if (symbol == RegexParser.END) {
            copies.empty(from + copy, to + (copy | ENDED));
        } else if ((copy & ENDED) == 0) {
            copies.edge(from + copy, symbol, plain.high(edge), to + BEFORE);
        }
    }
}
