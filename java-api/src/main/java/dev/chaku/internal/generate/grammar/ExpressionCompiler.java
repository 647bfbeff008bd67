package dev.chaku.internal.generate.grammar;

import java.util.List;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Writes expressions into an automaton under construction. Not thread-safe. */
final class ExpressionCompiler {
    private final AutomatonBuilder builder;
    private final IntFunction<@Nullable Automaton> inlined;
    private final IntPredicate mayBeEmpty;

    /**
     * @param inlined gives the automaton of a rule that is written out where it is called, or null
     * @param mayBeEmpty whether a rule accepts the empty text: calls of it can be left out
     */
    ExpressionCompiler(AutomatonBuilder builder, IntFunction<@Nullable Automaton> inlined, IntPredicate mayBeEmpty) {
        this.builder = builder;
        this.inlined = inlined;
        this.mayBeEmpty = mayBeEmpty;
    }

    /** Adds what leads from a state to another. */
    void add(Expression expression, int from, int to) {
        if (expression instanceof Expression.Literal literal) {
            int state = from;
            for (int i = 0; i < literal.bytes().length; i++) {
                int next = i == literal.bytes().length - 1 ? to : builder.state();
                int value = literal.bytes()[i] & 0xff;
                builder.edge(state, value, value, next);
                state = next;
            }
            builder.empty(state, to);
        } else if (expression instanceof Expression.Characters characters) {
            builder.characters(from, to, characters.set());
        } else if (expression instanceof Expression.Sequence sequence) {
            List<Expression> parts = sequence.parts();
            int state = from;
            for (int i = 0; i < parts.size(); i++) {
                int next = i == parts.size() - 1 ? to : builder.state();
                add(parts.get(i), state, next);
                state = next;
            }
            builder.empty(state, to);
        } else if (expression instanceof Expression.Choice choice) {
            choice.options().forEach(option -> add(option, from, to));
        } else if (expression instanceof Expression.Repeat repeat) {
            repeat(repeat, from, to);
        } else if (expression instanceof Expression.Call call) {
            call(call.rule(), from, to);
        } else if (expression instanceof Expression.Symbol symbol) {
            builder.edge(from, symbol.symbol(), symbol.symbol(), to);
        } else if (expression instanceof Expression.Embedded embedded) {
            builder.embed(from, to, embedded.automaton());
        }
    }

    private void call(int rule, int from, int to) {
        Automaton body = inlined.apply(rule);
        if (body != null) {
            builder.embed(from, to, body);
            return;
        }
        builder.edge(from, Automaton.CALLS + rule, Automaton.CALLS + rule, to);
        if (mayBeEmpty.test(rule)) {
            builder.empty(from, to);
        }
    }

    private void repeat(Expression.Repeat repeat, int from, int to) {
        int state = builder.state();
        builder.empty(from, state);
        for (int i = 0; i < repeat.minimum(); i++) {
            state = addCopy(repeat.body(), state);
        }
        if (repeat.maximum() < 0) {
            int again = builder.state();
            builder.empty(state, again);
            int end = builder.state();
            add(repeat.body(), again, end);
            builder.empty(end, again);
            builder.empty(again, to);
            return;
        }
        builder.empty(state, to);
        for (int i = repeat.minimum(); i < repeat.maximum(); i++) {
            state = addCopy(repeat.body(), state);
            builder.empty(state, to);
        }
    }

    private int addCopy(Expression body, int from) {
        int end = builder.state();
        add(body, from, end);
        return end;
    }
}
