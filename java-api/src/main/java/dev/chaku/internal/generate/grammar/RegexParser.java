package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads regular expressions in a common part of RE2's and JavaScript's syntax: what is no regular language (back
 * references, look-around) is refused, and so is what it does not know. Used once.
 *
 * <p>Source: RE2's syntax page and ECMA-262, 22.2.
 */
final class RegexParser {
    /** Stands in expressions for the beginning of the text. */
    static final int BEGIN = Automaton.TOKENS + (1 << 26);

    /** Stands in expressions for its end. */
    static final int END = BEGIN + 1;

    private final SourceText source;
    private final boolean javaScript;
    private final Map<String, CharacterSet> properties = new HashMap<>();
    private boolean ignoresCase;
    private boolean dotTakesAll;

    /** @param javaScript whether JavaScript decides what white space and a dot are, rather than RE2 */
    RegexParser(String what, String pattern, boolean javaScript) {
        this.source = new SourceText(what, pattern);
        this.javaScript = javaScript;
    }

    /** @throws BadInputException if it is no expression that is known */
    Expression parse() {
        Expression all = alternatives();
        if (source.peek() != SourceText.END) {
            throw source.expected("the end of the expression");
        }
        return all;
    }

    private Expression alternatives() {
        source.enter();
        List<Expression> options = new ArrayList<>();
        options.add(sequence());
        while (source.tryTake("|")) {
            options.add(sequence());
        }
        source.leave();
        return Expression.choice(options);
    }

    private Expression sequence() {
        List<Expression> parts = new ArrayList<>();
        while (true) {
            int c = source.peek();
            if (c == SourceText.END || c == '|' || c == ')') {
                return Expression.sequence(parts);
            }
            parts.add(repeated(atom()));
        }
    }

    private Expression repeated(Expression atom) {
        Expression result = atom;
        boolean again = false;
        while (true) {
            int minimum;
            int maximum;
            if (source.tryTake("*")) {
                minimum = 0;
                maximum = -1;
            } else if (source.tryTake("+")) {
                minimum = 1;
                maximum = -1;
            } else if (source.tryTake("?")) {
                minimum = 0;
                maximum = 1;
            } else if (isCount()) {
                source.next();
                minimum = source.number("a number of repetitions");
                maximum = minimum;
                if (source.tryTake(",")) {
                    maximum = source.peek() == '}' ? -1 : source.number("a number of repetitions");
                }
                source.take("}", "after the number of repetitions");
                if (maximum >= 0 && maximum < minimum) {
                    throw source.refused(
                            "expected at least " + minimum + " repetitions as the maximum, found " + maximum);
                }
            } else {
                return result;
            }
            if (again || atom instanceof Expression.Symbol) {
                throw source.refused("expected one repetition of something, found a repetition of "
                        + (again ? "a repetition" : "an anchor"));
            }
            source.tryTake("?"); // As few as possible: the same texts.
            result = new Expression.Repeat(atom, minimum, maximum);
            again = true;
        }
    }

    /** Whether a brace begins a count; others are text. */
    private boolean isCount() {
        if (source.peek() != '{' || source.peek(1) < '0' || source.peek(1) > '9') {
            return false;
        }
        int i = 1;
        while (source.peek(i) >= '0' && source.peek(i) <= '9' || source.peek(i) == ',') {
            i++;
        }
        return source.peek(i) == '}';
    }

    private Expression atom() {
        int c = source.next();
        switch (c) {
            case '(':
                return group();
            case '[':
                return characters(set());
            case '.':
                return new Expression.Characters(
                        dotTakesAll
                                ? CharacterSet.ALL
                                : (javaScript ? RegexClasses.LINE_ENDS : CharacterSet.of('\n')).complement());
            case '^':
                return new Expression.Symbol(BEGIN);
            case '$':
                return new Expression.Symbol(END);
            case '*', '+', '?':
                source.skip(-1);
                throw source.expected("something to repeat before it");
            case '\\':
                return escape();
            default:
                return characters(CharacterSet.of(c));
        }
    }

    private Expression characters(CharacterSet set) {
        return new Expression.Characters(ignoresCase ? RegexClasses.ignoringCase(set) : set);
    }

    private Expression group() {
        boolean outerCase = ignoresCase;
        boolean outerDot = dotTakesAll;
        if (source.tryTake("?")) {
            if (source.peek() == '=' || source.peek() == '!') {
                throw source.refused("look-ahead is not supported in a form");
            }
            boolean named = source.tryTake("P<") || source.peek() == '<';
            if (named) {
                source.tryTake("<");
                if (source.peek() == '=' || source.peek() == '!') {
                    throw source.refused("look-behind is not supported in a form");
                }
                while (source.next() != '>') {
                    // The name means nothing here.
                }
            } else if (!flags()) {
                return Expression.EMPTY;
            }
        }
        Expression inner = alternatives();
        source.take(")", "after a group");
        ignoresCase = outerCase;
        dotTakesAll = outerDot;
        return inner;
    }

    /** Reads flags; says whether a group follows them, rather than the rest of the group around them. */
    private boolean flags() {
        boolean on = true;
        while (true) {
            int flag = source.next();
            switch (flag) {
                case ':':
                    return true;
                case ')':
                    return false;
                case '-':
                    on = false;
                    break;
                case 'i':
                    ignoresCase = on;
                    break;
                case 's':
                    dotTakesAll = on;
                    break;
                default:
                    source.skip(-1);
                    throw source.expected("one of the flags i s, or : before a group");
            }
        }
    }

    private Expression escape() {
        int c = source.peek();
        if (c == 'A' && !javaScript || c == 'z' && !javaScript) {
            source.next();
            return new Expression.Symbol(c == 'A' ? BEGIN : END);
        }
        if (c == 'b' || c == 'B') {
            throw source.refused("word boundaries are not supported in a form");
        }
        if (c >= '1' && c <= '9' || c == 'k') {
            throw source.refused("back references are not supported in a form");
        }
        return characters(escaped());
    }

    /** What follows a backslash, as a set. */
    private CharacterSet escaped() {
        int c = source.next();
        switch (c) {
            case 'd':
                return RegexClasses.DIGITS;
            case 'D':
                return RegexClasses.DIGITS.complement();
            case 'w':
                return RegexClasses.WORD;
            case 'W':
                return RegexClasses.WORD.complement();
            case 's':
                return javaScript ? RegexClasses.UNICODE_SPACE : RegexClasses.SPACE;
            case 'S':
                return (javaScript ? RegexClasses.UNICODE_SPACE : RegexClasses.SPACE).complement();
            case 'p', 'P':
                return property(c == 'P');
            default:
                return CharacterSet.of(single(c));
        }
    }

    private int single(int c) {
        switch (c) {
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'f':
                return '\f';
            case 'v':
                return 0xb;
            case 'a':
                return requireOther(7);
            case '0':
                return 0;
            case 'x':
                return source.peek() == '{' ? braced() : source.hex(2);
            case 'u':
                return source.peek() == '{' ? braced() : unicode();
            case 'c':
                return source.next() & 0x1f;
            default:
                if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
                    source.skip(-1);
                    throw source.expected("an escape that is known after a backslash");
                }
                return c;
        }
    }

    private int requireOther(int value) {
        if (javaScript) {
            source.skip(-1);
            throw source.expected("an escape that is known after a backslash");
        }
        return value;
    }

    /** Four digits, or two times four that are one character. */
    private int unicode() {
        int first = source.hex(4);
        if (first >= Character.MIN_HIGH_SURROGATE
                && first <= Character.MAX_HIGH_SURROGATE
                && source.peek() == '\\'
                && source.peek(1) == 'u') {
            source.skip(2);
            return Character.toCodePoint((char) first, (char) source.hex(4));
        }
        return first;
    }

    private int braced() {
        source.next();
        int value = 0;
        while (source.peek() != '}') {
            value = Math.min(16 * value + source.hex(1), CharacterSet.MAXIMUM + 1);
        }
        source.next();
        if (value > CharacterSet.MAXIMUM) {
            throw source.refused("expected a character of Unicode, found more");
        }
        return value;
    }

    private CharacterSet property(boolean others) {
        String name;
        if (source.tryTake("{")) {
            boolean not = source.tryTake("^");
            int from = source.position();
            while (source.next() != '}') {
                // The name.
            }
            source.skip(-1);
            name = source.slice(from);
            source.skip(1);
            CharacterSet set = known(name);
            return others != not ? set.complement() : set;
        }
        name = Character.toString(source.next());
        CharacterSet set = known(name);
        return others ? set.complement() : set;
    }

    private CharacterSet known(String name) {
        CharacterSet set = properties.get(name);
        if (set == null) {
            set = RegexClasses.property(name);
            if (set == null) {
                throw source.refused("expected a category or script of Unicode, found \\p{" + name + "}");
            }
            properties.put(name, set);
        }
        return set;
    }

    /** A class in brackets, after the first. */
    private CharacterSet set() {
        boolean others = source.tryTake("^");
        CharacterSet set = CharacterSet.NONE;
        IntList bounds = new IntList();
        boolean first = true;
        while (first && !javaScript && source.peek() == ']' || source.peek() != ']') {
            first = false;
            if (!javaScript && source.tryTake("[:")) {
                set = set.or(posix());
                continue;
            }
            CharacterSet from = member();
            boolean single = from.ranges() == 1 && from.first(0) == from.last(0);
            if (single && source.peek() == '-' && source.peek(1) != ']') {
                source.next();
                CharacterSet to = member();
                if (to.ranges() != 1 || to.first(0) != to.last(0) || to.first(0) < from.first(0)) {
                    throw source.refused("expected a range in ascending order");
                }
                bounds.add(from.first(0));
                bounds.add(to.first(0));
            } else if (single) {
                bounds.add(from.first(0));
                bounds.add(from.first(0));
            } else {
                set = set.or(from);
            }
        }
        source.next();
        set = set.or(CharacterSet.of(bounds));
        if (ignoresCase) {
            set = RegexClasses.ignoringCase(set);
        }
        return others ? set.complement() : set;
    }

    private CharacterSet member() {
        int c = source.next();
        if (c != '\\') {
            return CharacterSet.of(c);
        }
        return source.tryTake("b") ? CharacterSet.of('\b') : escaped();
    }

    private CharacterSet posix() {
        boolean others = source.tryTake("^");
        int from = source.position();
        while (source.peek() != ':') {
            source.next();
        }
        String name = source.slice(from);
        source.take(":]", "after the name of a class");
        CharacterSet set = RegexClasses.posix(name);
        if (set == null) {
            throw source.refused("expected a class of characters, found [:" + name + ":]");
        }
        return others ? set.complement() : set;
    }
}
