package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The parsers' view of the tokens: one current token, a look ahead, and the ids of the names met so far; {@code loop}
 * has id 0.
 */
final class TokenCursor {
    /** Deeper source is refused, so that the recursive parser cannot exhaust the stack. */
    private static final int MAX_NESTING = 150;

    private final List<Token> tokens;
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<String> names = new ArrayList<>();
    private int index;
    private int nesting;

    TokenCursor(List<Token> tokens) {
        this.tokens = tokens;
        idOf("loop");
    }

    Token current() {
        return tokens.get(index);
    }

    Token lookAhead() {
        return tokens.get(Math.min(index + 1, tokens.size() - 1));
    }

    /** Returns the current token and moves on; stays at the end. */
    Token next() {
        Token token = tokens.get(index);
        if (index < tokens.size() - 1) {
            index++;
        }
        return token;
    }

    boolean skipOperator(String spelling) {
        if (current().isOperator(spelling)) {
            next();
            return true;
        }
        return false;
    }

    boolean skipName(String spelling) {
        if (current().isName(spelling)) {
            next();
            return true;
        }
        return false;
    }

    Token expect(Token.Type type) {
        if (current().type() != type) {
            throw unexpected(type.description());
        }
        return next();
    }

    void expectOperator(String spelling) {
        if (!skipOperator(spelling)) {
            throw unexpected("'" + spelling + "'");
        }
    }

    void expectName(String spelling) {
        if (!skipName(spelling)) {
            throw unexpected("'" + spelling + "'");
        }
    }

    Lexer.SyntaxFault unexpected(String expected) {
        return fail("expected %s, found %s".formatted(expected, current().description()));
    }

    Lexer.SyntaxFault fail(String message) {
        return new Lexer.SyntaxFault(message, current().line());
    }

    int line() {
        return current().line();
    }

    void enter() {
        if (++nesting > MAX_NESTING) {
            throw fail("source nested deeper than %d levels".formatted(MAX_NESTING));
        }
    }

    void leave() {
        nesting--;
    }

    /** The id of a variable name, new or known. */
    int idOf(String name) {
        return ids.computeIfAbsent(name, key -> {
            names.add(key);
            return names.size() - 1;
        });
    }

    boolean mentions(String name) {
        return ids.containsKey(name);
    }

    /** Every name met, at its id. */
    List<String> names() {
        return List.copyOf(names);
    }
}
