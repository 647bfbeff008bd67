package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import dev.chaku.text.Tokenizer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Reads grammars in the notation of llama.cpp (GBNF): rules {@code name ::= ...} of strings, character classes, groups,
 * alternatives, repetitions, comments and tokens by spelling or id. The rule {@code root} begins. Used once.
 *
 * <p>Source: llama.cpp's grammars/README.md and parser, as of 2026-08.
 */
final class GbnfParser {
    private static final String ROOT = "root";

    private final SourceText source;
    private final @Nullable Tokenizer tokenizer;
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> names = new ArrayList<>();
    private final List<@Nullable Expression> bodies = new ArrayList<>();
    private final List<TokenSet> tokenSets = new ArrayList<>();

    /** @param tokenizer that tokens are named after; null if there is none */
    GbnfParser(String what, String grammar, @Nullable Tokenizer tokenizer) {
        this.source = new SourceText(what, grammar);
        this.tokenizer = tokenizer;
    }

    /**
     * Reads all.
     *
     * @throws BadInputException if it is no grammar, a rule is missing or there are two of a name
     */
    Grammar parse() {
        space(true);
        while (source.peek() != SourceText.END) {
            rule();
        }
        Integer root = numbers.get(ROOT);
        if (root == null || bodies.get(root) == null) {
            throw source.refused("expected a rule named root, found none");
        }
        List<Grammar.Rule> rules = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            Expression body = bodies.get(i);
            if (body == null) {
                throw source.refused("expected a rule named " + names.get(i) + ", which is called, found none");
            }
            rules.add(new Grammar.Rule(names.get(i), body));
        }
        return new Grammar(rules, root, tokenSets);
    }

    private void rule() {
        String name = name();
        int number = number(name);
        if (bodies.get(number) != null) {
            throw source.refused("expected one rule named " + name + ", found two");
        }
        space(false);
        source.take("::=", "after the name of a rule");
        space(true);
        bodies.set(number, alternatives(false));
        if (source.peek() == '\r' || source.peek() == '\n') {
            space(true);
        } else if (source.peek() != SourceText.END) {
            throw source.expected("the end of the rule");
        }
    }

    private int number(String name) {
        Integer known = numbers.putIfAbsent(name, names.size());
        if (known != null) {
            return known;
        }
        names.add(name);
        bodies.add(null);
        return names.size() - 1;
    }

    private static boolean isNamePart(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_';
    }

    private String name() {
        int from = source.position();
        while (isNamePart(source.peek())) {
            source.next();
        }
        if (source.position() == from) {
            throw source.expected("the name of a rule");
        }
        return source.slice(from);
    }

    private void space(boolean overLines) {
        while (true) {
            int c = source.peek();
            if (c == '#') {
                while (source.peek() != SourceText.END && source.peek() != '\n' && source.peek() != '\r') {
                    source.next();
                }
            } else if (c == ' ' || c == '\t' || overLines && (c == '\n' || c == '\r')) {
                source.next();
            } else {
                return;
            }
        }
    }

    private Expression alternatives(boolean nested) {
        source.enter();
        List<Expression> options = new ArrayList<>();
        options.add(sequence(nested));
        while (source.tryTake("|")) {
            space(true);
            options.add(sequence(nested));
        }
        source.leave();
        return Expression.choice(options);
    }

    private Expression sequence(boolean nested) {
        List<Expression> parts = new ArrayList<>();
        while (true) {
            int c = source.peek();
            Expression part;
            if (c == '"') {
                part = literal();
            } else if (c == '[') {
                part = characters();
            } else if (c == '.') {
                source.next();
                part = new Expression.Characters(CharacterSet.ALL);
            } else if (c == '(') {
                source.next();
                space(true);
                part = alternatives(true);
                source.take(")", "after a group");
            } else if (c == '<' || c == '!') {
                part = token();
            } else if (isNamePart(c)) {
                part = new Expression.Call(number(name()));
            } else {
                return Expression.sequence(parts);
            }
            space(nested);
            parts.add(repeated(part, nested));
        }
    }

    private Expression repeated(Expression part, boolean nested) {
        Expression result = part;
        while (true) {
            if (source.tryTake("*")) {
                result = new Expression.Repeat(result, 0, -1);
            } else if (source.tryTake("+")) {
                result = new Expression.Repeat(result, 1, -1);
            } else if (source.tryTake("?")) {
                result = new Expression.Repeat(result, 0, 1);
            } else if (source.tryTake("{")) {
                space(nested);
                result = counted(result, nested);
            } else {
                return result;
            }
            space(nested);
        }
    }

    private Expression counted(Expression body, boolean nested) {
        int minimum = source.peek() == ',' ? 0 : source.number("a number of repetitions");
        space(nested);
        int maximum = minimum;
        if (source.tryTake(",")) {
            space(nested);
            maximum = source.peek() == '}' ? -1 : source.number("a number of repetitions");
            space(nested);
        }
        source.take("}", "after the number of repetitions");
        if (maximum >= 0 && maximum < minimum) {
            throw source.refused("expected at least " + minimum + " repetitions as the maximum, found " + maximum);
        }
        return new Expression.Repeat(body, minimum, maximum);
    }

    private Expression literal() {
        source.next();
        StringBuilder text = new StringBuilder();
        while (source.peek() != '"') {
            text.appendCodePoint(character());
        }
        source.next();
        return Expression.text(text.toString());
    }

    private Expression characters() {
        source.next();
        boolean others = source.tryTake("^");
        IntList bounds = new IntList();
        while (source.peek() != ']') {
            int first = character();
            int last = first;
            if (source.peek() == '-' && source.peek(1) != ']') {
                source.next();
                last = character();
                if (last < first) {
                    throw source.refused("expected a range in ascending order, found " + Character.toString(first) + "-"
                            + Character.toString(last));
                }
            }
            bounds.add(first);
            bounds.add(last);
        }
        source.next();
        CharacterSet set = CharacterSet.of(bounds);
        return new Expression.Characters(others ? set.complement() : set);
    }

    private int character() {
        int c = source.next();
        if (c != '\\') {
            return c;
        }
        int escaped = source.peek();
        int character =
                switch (escaped) {
                    case 'n' -> '\n';
                    case 'r' -> '\r';
                    case 't' -> '\t';
                    case '\\', '"', '[', ']', '-', '^', '/' -> escaped;
                    case 'x', 'u', 'U' -> SourceText.END;
                    default -> throw source.expected("one of n r t \\ \" [ ] x u U after a backslash");
                };
        source.next();
        if (character != SourceText.END) {
            return character;
        }
        int value = source.hex(escaped == 'x' ? 2 : escaped == 'u' ? 4 : 8);
        if (value > CharacterSet.MAXIMUM || value >= Character.MIN_SURROGATE && value <= Character.MAX_SURROGATE) {
            throw source.refused("expected a character of Unicode, found " + Integer.toHexString(value));
        }
        return value;
    }

    private Expression token() {
        boolean others = source.tryTake("!");
        source.take("<", "before a token");
        int from = source.position();
        int id;
        if (source.tryTake("[")) {
            id = source.number("the id of a token");
            source.take("]", "after the id of a token");
            if (tokenizer != null && id >= tokenizer.vocabSize()) {
                throw source.refused("expected the id of a token below " + tokenizer.vocabSize() + ", found " + id);
            }
        } else {
            while (source.next() != '>') {
                // Its spelling.
            }
            source.skip(-1);
            String spelling = "<" + source.slice(from) + ">";
            OptionalInt found = tokenizer == null ? OptionalInt.empty() : tokenizer.idOf(spelling);
            id = found.orElseThrow(() -> source.refused("expected a token of the model, found " + spelling));
        }
        source.take(">", "after a token");
        BitSet ids = new BitSet();
        ids.set(id);
        tokenSets.add(new TokenSet(ids, others));
        return Expression.Symbol.tokens(tokenSets.size() - 1);
    }
}
