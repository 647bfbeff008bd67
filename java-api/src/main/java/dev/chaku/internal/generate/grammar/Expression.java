package dev.chaku.internal.generate.grammar;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** The body of a rule: a set of byte strings, put together from others. Immutable. */
sealed interface Expression {
    Expression EMPTY = new Sequence(List.of());

    /** No text at all, not even the empty one. */
    Expression NOTHING = new Choice(List.of());

    /** A text as it is. */
    record Literal(byte[] bytes) implements Expression {}

    /** One character of a set, in UTF-8. */
    record Characters(CharacterSet set) implements Expression {}

    /** One after the other. */
    record Sequence(List<Expression> parts) implements Expression {
        public Sequence {
            parts = List.copyOf(parts);
        }
    }

    /** One of them. */
    record Choice(List<Expression> options) implements Expression {
        public Choice {
            options = List.copyOf(options);
        }
    }

    /**
     * Times over.
     *
     * @param minimum at least 0
     * @param maximum at least the minimum, or -1 for any number
     */
    record Repeat(Expression body, int minimum, int maximum) implements Expression {}

    /** What another rule says. */
    record Call(int rule) implements Expression {}

    /** A set of tokens, by its place among those of the grammar. */
    record Symbol(int symbol) implements Expression {
        static Symbol tokens(int place) {
            return new Symbol(Automaton.TOKENS + place);
        }
    }

    /** What an automaton accepts that calls no rule. */
    record Embedded(Automaton automaton) implements Expression {}

    static Expression text(String text) {
        return text.isEmpty() ? EMPTY : new Literal(text.getBytes(StandardCharsets.UTF_8));
    }

    static Expression sequence(Expression... parts) {
        return new Sequence(List.of(parts));
    }

    static Expression sequence(List<Expression> parts) {
        return parts.size() == 1 ? parts.get(0) : new Sequence(parts);
    }

    static Expression choice(Expression... options) {
        return new Choice(List.of(options));
    }

    static Expression choice(List<Expression> options) {
        return options.size() == 1 ? options.get(0) : new Choice(options);
    }

    static Expression optional(Expression body) {
        return new Repeat(body, 0, 1);
    }

    static Expression any(Expression body) {
        return new Repeat(body, 0, -1);
    }
}
