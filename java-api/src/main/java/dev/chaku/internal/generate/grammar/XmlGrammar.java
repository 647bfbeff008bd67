package dev.chaku.internal.generate.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes a grammar of element declarations as those of a DTD: {@code <!ELEMENT note (to+, from, body?)>},
 * {@code (#PCDATA)}, {@code (#PCDATA | em)*} and {@code EMPTY}. The first element is the whole text. Used once.
 *
 * <p>Source: Extensible Markup Language 1.0, fifth edition, 3.2 and 2.4.
 */
final class XmlGrammar {
    /** Characters of XML, but for those that begin markup and what ends a section, as references where they must be. */
    private static final Automaton TEXT = Regex.whole(
            "text of XML", "([^<>&\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{fffe}\\x{ffff}]|&(lt|gt|amp|quot|apos);)*");

    private final SourceText source;
    private final Map<String, Integer> numbers = new HashMap<>();
    private final List<String> names = new ArrayList<>();
    private final List<@Nullable Expression> bodies = new ArrayList<>();

    XmlGrammar(String what, String declarations) {
        this.source = new SourceText(what, declarations);
    }

    /** @throws dev.chaku.errors.BadInputException if it is none, or an element is not declared, or declared twice */
    Grammar parse() {
        space();
        do {
            declaration();
            space();
        } while (source.peek() != SourceText.END);
        List<Grammar.Rule> rules = new ArrayList<>();
        int gap = names.size();
        int text = gap + 1;
        for (int i = 0; i < names.size(); i++) {
            Expression body = bodies.get(i);
            if (body == null) {
                throw source.refused("expected a declaration of the element " + names.get(i) + ", found none");
            }
            rules.add(new Grammar.Rule(names.get(i), element(names.get(i), body, gap, text)));
        }
        Expression indent = new Expression.Repeat(new Expression.Characters(CharacterSet.of(" \t")), 0, 20);
        rules.add(new Grammar.Rule(
                "gap",
                Expression.optional(
                        Expression.choice(Expression.text(" "), Expression.sequence(Expression.text("\n"), indent)))));
        rules.add(new Grammar.Rule("text", new Expression.Embedded(TEXT)));
        return new Grammar(rules, 0, List.of());
    }

    private static Expression element(String name, Expression body, int gap, int text) {
        if (body == Expression.EMPTY) {
            return Expression.text("<" + name + "/>");
        }
        return Expression.sequence(
                Expression.text("<" + name + ">"), filled(body, gap, text), Expression.text("</" + name + ">"));
    }

    /** The body with the rules of gaps and of text in the places of those that stand for them. */
    private static Expression filled(Expression body, int gap, int text) {
        if (body instanceof Expression.Sequence sequence) {
            return new Expression.Sequence(sequence.parts().stream()
                    .map(part -> filled(part, gap, text))
                    .toList());
        } else if (body instanceof Expression.Choice choice) {
            return new Expression.Choice(choice.options().stream()
                    .map(option -> filled(option, gap, text))
                    .toList());
        } else if (body instanceof Expression.Repeat repeat) {
            return new Expression.Repeat(filled(repeat.body(), gap, text), repeat.minimum(), repeat.maximum());
        } else if (body instanceof Expression.Call call && call.rule() < 0) {
            return new Expression.Call(call.rule() == GAP ? gap : text);
        }
        return body;
    }

    private static final int GAP = -1;
    private static final int TEXT_RULE = -2;

    private void declaration() {
        source.take("<!ELEMENT", "at the beginning of a declaration (attributes and entities are not supported)");
        space();
        int number = number(name());
        if (bodies.get(number) != null) {
            throw source.refused("expected one declaration of " + names.get(number) + ", found two");
        }
        space();
        bodies.set(number, content());
        space();
        source.take(">", "at the end of a declaration");
    }

    private Expression content() {
        if (source.tryTake("EMPTY")) {
            return Expression.EMPTY;
        }
        if (source.peek() != '(') {
            throw source.expected("EMPTY or a group in parentheses");
        }
        source.next();
        space();
        if (source.tryTake("#PCDATA")) {
            return text();
        }
        return Expression.sequence(new Expression.Call(GAP), repeated(group()));
    }

    private Expression text() {
        List<Expression> options = new ArrayList<>();
        space();
        while (source.tryTake("|")) {
            space();
            options.add(new Expression.Call(number(name())));
            space();
        }
        source.take(")", "after the content of an element");
        Expression words = new Expression.Call(TEXT_RULE);
        if (options.isEmpty()) {
            source.tryTake("*");
            return words;
        }
        source.take("*", "after a group of text and elements");
        return Expression.sequence(words, Expression.any(Expression.sequence(Expression.choice(options), words)));
    }

    /** What follows an opening parenthesis, up to the closing one. */
    private Expression group() {
        source.enter();
        List<Expression> parts = new ArrayList<>();
        int separator = 0;
        while (true) {
            space();
            parts.add(particle());
            space();
            int c = source.peek();
            if (c == ')') {
                source.next();
                source.leave();
                return separator == '|' ? Expression.choice(parts) : Expression.sequence(parts);
            }
            if (c != ',' && c != '|' || separator != 0 && c != separator) {
                throw source.expected(separator == 0 ? "',' or '|' or ')'" : "'" + (char) separator + "' or ')'");
            }
            separator = c;
            source.next();
        }
    }

    private Expression particle() {
        if (source.tryTake("(")) {
            return repeated(group());
        }
        Expression one = new Expression.Call(number(name()));
        return repeated(Expression.sequence(one, new Expression.Call(GAP)));
    }

    private Expression repeated(Expression body) {
        if (source.tryTake("?")) {
            return Expression.optional(body);
        } else if (source.tryTake("*")) {
            return Expression.any(body);
        } else if (source.tryTake("+")) {
            return new Expression.Repeat(body, 1, -1);
        }
        return body;
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

    private String name() {
        int from = source.position();
        int c = source.peek();
        if (!Character.isLetter(c) && c != '_') {
            throw source.expected("the name of an element");
        }
        while (c != SourceText.END && (Character.isLetterOrDigit(c) || "_-.:".indexOf(c) >= 0)) {
            source.next();
            c = source.peek();
        }
        return source.slice(from);
    }

    private void space() {
        while (Character.isWhitespace(source.peek())) {
            source.next();
        }
    }
}
