package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;

/** A text that is read from left to right, character by character. Not thread-safe. */
final class SourceText {
    static final int END = -1;

    private final String what;
    private final int[] text;
    private int at;
    private int depth;

    /** @param what that messages name */
    SourceText(String what, String text) {
        FormLimits.requireSource(what, text);
        this.what = what;
        this.text = text.codePoints().toArray();
    }

    int peek() {
        return at < text.length ? text[at] : END;
    }

    int peek(int ahead) {
        return at + ahead < text.length ? text[at + ahead] : END;
    }

    int next() {
        int character = peek();
        if (character == END) {
            throw expected("more");
        }
        at++;
        return character;
    }

    int position() {
        return at;
    }

    void skip(int characters) {
        at += characters;
    }

    boolean tryTake(String characters) {
        for (int i = 0; i < characters.length(); i++) {
            if (peek(i) != characters.charAt(i)) {
                return false;
            }
        }
        at += characters.length();
        return true;
    }

    void take(String characters, String forWhat) {
        if (!tryTake(characters)) {
            throw expected(characters + " " + forWhat);
        }
    }

    /** Enters a level of nesting; refuses too many. */
    void enter() {
        if (++depth > FormLimits.DEPTH) {
            throw new BadInputException(
                    where() + ": expected at most " + FormLimits.DEPTH + " levels of nesting, found more");
        }
    }

    void leave() {
        depth--;
    }

    /** A number of decimal digits. */
    int number(String forWhat) {
        if (peek() < '0' || peek() > '9') {
            throw expected(forWhat);
        }
        long value = 0;
        while (peek() >= '0' && peek() <= '9') {
            value = Math.min(10 * value + next() - '0', Integer.MAX_VALUE);
        }
        if (value > FormLimits.STATES) {
            throw new BadInputException(
                    where() + ": expected " + forWhat + " of at most " + FormLimits.STATES + ", found more");
        }
        return (int) value;
    }

    /** The value of so many hexadecimal digits. */
    int hex(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(peek(), 16);
            if (digit < 0 || value > CharacterSet.MAXIMUM >> 4) {
                throw expected("a character of " + digits + " hexadecimal digits");
            }
            value = 16 * value + digit;
            at++;
        }
        return value;
    }

    String where() {
        int line = 1;
        int column = 1;
        for (int i = 0; i < Math.min(at, text.length); i++) {
            column = text[i] == '\n' ? 1 : column + 1;
            line += text[i] == '\n' ? 1 : 0;
        }
        return what + ": line " + line + ", column " + column;
    }

    String slice(int from) {
        return new String(text, from, at - from);
    }

    BadInputException expected(String expected) {
        String found = at >= text.length
                ? "the end"
                : text[at] == '\n' ? "the end of the line" : "'" + Character.toString(text[at]) + "'";
        return refused("expected " + expected + ", found " + found);
    }

    BadInputException refused(String problem) {
        return new BadInputException(where() + ": " + oneLine(problem));
    }

    /** With characters that would end a line, or show nothing, by their numbers. */
    private static String oneLine(String text) {
        StringBuilder line = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (Character.isISOControl(c) || c == 0x2028 || c == 0x2029) {
                line.append(String.format("U+%04X", c));
            } else {
                line.appendCodePoint(c);
            }
        });
        return line.toString();
    }
}
