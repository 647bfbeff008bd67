package dev.chaku.internal.chat;

import java.util.List;

/**
 * What a model has written so far, read from left to right. Where more is needed than there is, reading is given up
 * with {@link NeedMore} and begun anew when there is more; so the outcome does not depend on how the text came. Not
 * thread-safe.
 */
final class Reading {
    /** There is no more yet. */
    static final class NeedMore extends RuntimeException {
        private static final long serialVersionUID = 1;

        NeedMore() {
            super(null, null, false, false);
        }
    }

    /** What was written is not what was expected. */
    static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1;

        Malformed(String problem) {
            super(problem, null, false, false);
        }
    }

    static final int END = -1;

    private final CharSequence text;
    private final boolean whole;
    private int at;

    /** @param whole whether no more comes */
    Reading(CharSequence text, int from, boolean whole) {
        this.text = text;
        this.at = from;
        this.whole = whole;
    }

    /** The same text once more from an earlier place. */
    Reading again(int from) {
        return new Reading(text, from, whole);
    }

    int position() {
        return at;
    }

    int end() {
        return text.length();
    }

    boolean isWhole() {
        return whole;
    }

    String slice(int from, int to) {
        return text.subSequence(from, to).toString();
    }

    /** The next character, {@link #END} after the last. */
    int peek() {
        if (at < text.length()) {
            return text.charAt(at);
        }
        if (!whole) {
            throw new NeedMore();
        }
        return END;
    }

    int next() {
        int c = peek();
        if (c == END) {
            throw new Malformed("expected more, found the end");
        }
        at++;
        return c;
    }

    void skipSpace() {
        while (Character.isWhitespace(peek())) {
            at++;
        }
    }

    /** Takes a text if it comes next; its white space stands for any, and for none. */
    boolean tryTake(String wanted) {
        int from = at;
        for (int i = 0; i < wanted.length(); i++) {
            if (Character.isWhitespace(wanted.charAt(i))) {
                skipSpace();
            } else if (peek() == wanted.charAt(i)) {
                at++;
            } else {
                at = from;
                return false;
            }
        }
        return true;
    }

    void take(String wanted) {
        if (!tryTake(wanted)) {
            throw expected("'" + wanted.strip() + "'");
        }
    }

    Malformed expected(String what) {
        return new Malformed("expected " + what + ", found "
                + (at >= text.length()
                        ? "the end"
                        : "'"
                                + Character.toString(Character.codePointAt(text, at))
                                        .replace("\n", "\\n") + "'"));
    }

    /** The text before the first of some texts, which are not taken. */
    String until(List<String> ends, int most) {
        int from = at;
        while (true) {
            for (String end : ends) {
                if (startsWith(end)) {
                    return slice(from, at);
                }
            }
            if (at - from >= most) {
                at = from;
                throw expected("'" + ends.get(0).strip() + "' within " + most + " characters");
            }
            next();
        }
    }

    /** Whether a text comes next, as it is. */
    boolean startsWith(String wanted) {
        for (int i = 0; i < wanted.length(); i++) {
            if (at + i >= text.length()) {
                if (whole) {
                    return false;
                }
                throw new NeedMore();
            }
            if (text.charAt(at + i) != wanted.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** A name of letters, digits and {@code _ - .}. */
    String name() {
        int from = at;
        while (isNamePart(peek())) {
            at++;
        }
        if (at == from) {
            throw expected("the name of a tool");
        }
        return slice(from, at);
    }

    private static boolean isNamePart(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.';
    }

    /** Passes one JSON value. */
    void json() {
        json(0);
    }

    private void json(int level) {
        skipSpace();
        int c = peek();
        if (level > 200) {
            throw expected("at most 200 levels of JSON");
        }
        if (c == '{' || c == '[') {
            at++;
            members(c == '{', level);
        } else if (c == '"') {
            string();
        } else if (c == '-' || c >= '0' && c <= '9') {
            number();
        } else if (!tryTake("true") && !tryTake("false") && !tryTake("null")) {
            throw expected("JSON");
        }
    }

    private void members(boolean named, int level) {
        char close = named ? '}' : ']';
        skipSpace();
        if (peek() == close) {
            at++;
            return;
        }
        while (true) {
            skipSpace();
            if (named) {
                if (peek() != '"') {
                    throw expected("a name in quotes");
                }
                string();
                skipSpace();
                take(":");
            }
            json(level + 1);
            skipSpace();
            int c = peek();
            if (c != ',' && c != close) {
                throw expected("',' or '" + close + "'");
            }
            at++;
            if (c == close) {
                return;
            }
        }
    }

    /** Passes a JSON string and returns it with its quotes. */
    String string() {
        int from = at;
        take("\"");
        while (true) {
            int c = peek();
            if (c == END || c < 0x20) {
                throw expected("a character of a JSON string");
            }
            at++;
            if (c == '"') {
                return slice(from, at);
            } else if (c == '\\') {
                escape();
            }
        }
    }

    private void escape() {
        int c = peek();
        if (c == END || "\"\\/bfnrtu".indexOf(c) < 0) {
            throw expected("an escape of JSON");
        }
        at++;
        for (int i = 0; c == 'u' && i < 4; i++) {
            if (Character.digit(peek(), 16) < 0) {
                throw expected("four hexadecimal digits");
            }
            at++;
        }
    }

    private void number() {
        tryTake("-");
        int from = at;
        digits();
        if (at - from > 1 && text.charAt(from) == '0') {
            throw expected("a number without leading zeros");
        }
        if (peek() == '.') {
            at++;
            digits();
        }
        if (peek() == 'e' || peek() == 'E') {
            at++;
            if (peek() == '+' || peek() == '-') {
                at++;
            }
            digits();
        }
    }

    private void digits() {
        int from = at;
        while (peek() >= '0' && peek() <= '9') {
            at++;
        }
        if (at == from) {
            throw expected("a digit");
        }
    }
}
