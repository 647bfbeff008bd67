package dev.chaku.text.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Expressions, loosest first: conditional, or, and, not, comparison, + -, ~, * / // %, unary, **, postfix and filters. */
final class ExpressionParser {
  /** Reading takes the square of the digits in time, and a double holds no more. */
  private static final int MOST_DIGITS = 300;

  private static final int MOST_DEPTH = 200;
  private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  private final String name;
  private final List<Token> tokens;
  private int at;
  private int previous;
  private int depth;

  ExpressionParser(String name, List<Token> tokens) {
    this.name = name;
    this.tokens = tokens;
  }

  Token next() {
    Token token = tokens.get(at);
    previous = at;
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  /** Takes the last {@link #next} back. */
  void back() {
    at = previous;
  }

  Token peek() {
    return tokens.get(at);
  }

  boolean accept(Token.Kind kind, String text) {
    if (peek().is(kind, text)) {
      next();
      return true;
    }
    return false;
  }

  void expect(Token.Kind kind, String text, String what) {
    if (!peek().is(kind, text)) {
      throw fault(what);
    }
    next();
  }

  void endBlock() {
    expect(Token.Kind.BLOCK_END, "", "%}");
  }

  String name() {
    if (peek().kind() != Token.Kind.NAME) {
      throw fault("a name");
    }
    return next().text();
  }

  TemplateException fault(String expected) {
    Token found = peek();
    String spelling = found.text().length() <= 40 ? found.text() : found.text().substring(0, 40) + "…";
    String text = found.kind() == Token.Kind.END ? "the end" : spelling.isEmpty() ? found.kind().toString() : "'" + spelling + "'";
    return new TemplateException(name, found.line(), "expected " + expected + ", found " + text);
  }

  List<String> targets() {
    List<String> targets = new ArrayList<>();
    boolean bracket = accept(Token.Kind.OPERATOR, "(");
    do {
      targets.add(name());
    } while (accept(Token.Kind.OPERATOR, ","));
    if (bracket) {
      expect(Token.Kind.OPERATOR, ")", ")");
    }
    return targets;
  }

  /** An expression, or several with commas between: a tuple. */
  Expr tupleOrExpression() {
    Expr first = expression();
    if (!peek().is(Token.Kind.OPERATOR, ",")) {
      return first;
    }
    List<Expr> elements = new ArrayList<>(List.of(first));
    while (accept(Token.Kind.OPERATOR, ",")) {
      if (peek().kind() == Token.Kind.PRINT_END || peek().kind() == Token.Kind.BLOCK_END) {
        break;
      }
      elements.add(expression());
    }
    return new Expr.ListOf(elements, first.line());
  }

  Expr expression() {
    if (++depth > MOST_DEPTH) {
      throw fault("expressions nested at most " + MOST_DEPTH + " deep");
    }
    Expr value = or();
    while (peek().is(Token.Kind.NAME, "if")) {
      int line = next().line();
      Expr test = or();
      Expr otherwise = accept(Token.Kind.NAME, "else") ? expression() : null;
      value = new Expr.Conditional(test, value, otherwise, line);
    }
    depth--;
    return value;
  }

  /** What a for loop goes over: an "if" after it is the loop's filter. */
  Expr withoutConditional() {
    return or();
  }

  private Expr or() {
    Expr left = and();
    while (peek().is(Token.Kind.NAME, "or")) {
      int line = next().line();
      left = new Expr.Binary("or", left, and(), line);
    }
    return left;
  }

  private Expr and() {
    Expr left = not();
    while (peek().is(Token.Kind.NAME, "and")) {
      int line = next().line();
      left = new Expr.Binary("and", left, not(), line);
    }
    return left;
  }

  private Expr not() {
    if (peek().is(Token.Kind.NAME, "not")) {
      int line = next().line();
      if (++depth > MOST_DEPTH) {
        throw fault("expressions nested at most " + MOST_DEPTH + " deep");
      }
      Expr operand = not();
      depth--;
      return new Expr.Unary("not", operand, line);
    }
    return comparison();
  }

  private Expr comparison() {
    Expr first = sum();
    List<String> operators = new ArrayList<>();
    List<Expr> others = new ArrayList<>();
    while (true) {
      Token token = peek();
      if (token.kind() == Token.Kind.OPERATOR && COMPARISONS.contains(token.text())) {
        operators.add(next().text());
      } else if (token.is(Token.Kind.NAME, "in")) {
        next();
        operators.add("in");
      } else if (token.is(Token.Kind.NAME, "not") && tokens.get(at + 1).is(Token.Kind.NAME, "in")) {
        next();
        next();
        operators.add("not in");
      } else {
        break;
      }
      others.add(sum());
    }
    return operators.isEmpty() ? first : new Expr.Compare(first, operators, others, first.line());
  }

  private Expr sum() {
    Expr left = concatenation();
    while (peek().is(Token.Kind.OPERATOR, "+") || peek().is(Token.Kind.OPERATOR, "-")) {
      Token operator = next();
      left = new Expr.Binary(operator.text(), left, concatenation(), operator.line());
    }
    return left;
  }

  private Expr concatenation() {
    Expr left = product();
    while (peek().is(Token.Kind.OPERATOR, "~")) {
      int line = next().line();
      left = new Expr.Binary("~", left, product(), line);
    }
    return left;
  }

  private Expr product() {
    Expr left = unary();
    while (peek().kind() == Token.Kind.OPERATOR && PRODUCTS.contains(peek().text())) {
      Token operator = next();
      left = new Expr.Binary(operator.text(), left, unary(), operator.line());
    }
    return left;
  }

  private Expr unary() {
    if (peek().is(Token.Kind.OPERATOR, "-") || peek().is(Token.Kind.OPERATOR, "+")) {
      Token operator = next();
      if (++depth > MOST_DEPTH) {
        throw fault("expressions nested at most " + MOST_DEPTH + " deep");
      }
      Expr operand = unary();
      depth--;
      return filtersOf(new Expr.Unary(operator.text(), operand, operator.line()));
    }
    return filtersOf(power());
  }

  private Expr power() {
    Expr base = postfix(primary());
    if (peek().is(Token.Kind.OPERATOR, "**")) {
      int line = next().line();
      return new Expr.Binary("**", base, unary(), line);
    }
    return base;
  }

  private Expr primary() {
    Token token = next();
    return switch (token.kind()) {
      case STRING -> strings(token);
      case INTEGER -> new Expr.Literal(integer(token), token.line());
      case FLOAT -> new Expr.Literal(Double.parseDouble(token.text()), token.line());
      case NAME -> named(token);
      case OPERATOR -> bracketed(token);
      default -> {
        back();
        throw fault("an expression");
      }
    };
  }

  private Object integer(Token token) {
    if (token.text().length() > MOST_DIGITS) {
      back();
      throw fault("a number of at most " + MOST_DIGITS + " digits");
    }
    BigInteger value = new BigInteger(token.text());
    return value.bitLength() < Long.SIZE ? (Object) value.longValue() : (Object) value.doubleValue();
  }

  /** Strings side by side are one. */
  private Expr strings(Token first) {
    StringBuilder text = new StringBuilder(first.text());
    while (peek().kind() == Token.Kind.STRING) {
      text.append(next().text());
    }
    return new Expr.Literal(text.toString(), first.line());
  }

  private static Expr named(Token token) {
    return switch (token.text()) {
      case "true", "True" -> new Expr.Literal(true, token.line());
      case "false", "False" -> new Expr.Literal(false, token.line());
      case "none", "None" -> new Expr.Literal(null, token.line());
      default -> new Expr.Name(token.text(), token.line());
    };
  }

  private Expr bracketed(Token open) {
    switch (open.text()) {
      case "(" -> {
        if (accept(Token.Kind.OPERATOR, ")")) {
          return new Expr.ListOf(List.of(), open.line());
        }
        Expr first = expression();
        if (!peek().is(Token.Kind.OPERATOR, ",")) {
          expect(Token.Kind.OPERATOR, ")", ")");
          return first;
        }
        next();
        List<Expr> elements = new ArrayList<>(List.of(first));
        elements.addAll(expressions(")"));
        return new Expr.ListOf(elements, open.line());
      }
      case "[" -> {
        return new Expr.ListOf(expressions("]"), open.line());
      }
      case "{" -> {
        return dict(open);
      }
      default -> {
        back();
        throw fault("an expression");
      }
    }
  }

  private List<Expr> expressions(String close) {
    List<Expr> elements = new ArrayList<>();
    while (!accept(Token.Kind.OPERATOR, close)) {
      elements.add(expression());
      if (!accept(Token.Kind.OPERATOR, ",")) {
        expect(Token.Kind.OPERATOR, close, close + " or ,");
        break;
      }
    }
    return elements;
  }

  private Expr dict(Token open) {
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!accept(Token.Kind.OPERATOR, "}")) {
      keys.add(expression());
      expect(Token.Kind.OPERATOR, ":", ":");
      values.add(expression());
      if (!accept(Token.Kind.OPERATOR, ",")) {
        expect(Token.Kind.OPERATOR, "}", "} or ,");
        break;
      }
    }
    return new Expr.DictOf(keys, values, open.line());
  }

  private Expr postfix(Expr start) {
    Expr value = start;
    while (true) {
      int line = peek().line();
      if (accept(Token.Kind.OPERATOR, ".")) {
        Token member = next();
        value =
            member.kind() == Token.Kind.INTEGER
                ? new Expr.Item(value, new Expr.Literal(integer(member), line), line)
                : new Expr.Attribute(value, member.text(), line);
      } else if (accept(Token.Kind.OPERATOR, "[")) {
        value = subscript(value, line);
      } else if (accept(Token.Kind.OPERATOR, "(")) {
        value = new Expr.Call(value, arguments(), line);
      } else {
        return value;
      }
    }
  }

  private Expr subscript(Expr object, int line) {
    Expr start = peek().is(Token.Kind.OPERATOR, ":") ? null : expression();
    if (accept(Token.Kind.OPERATOR, "]")) {
      return new Expr.Item(object, start, line);
    }
    expect(Token.Kind.OPERATOR, ":", "] or :");
    Expr stop = peek().is(Token.Kind.OPERATOR, ":") || peek().is(Token.Kind.OPERATOR, "]") ? null : expression();
    Expr step = null;
    if (accept(Token.Kind.OPERATOR, ":")) {
      step = peek().is(Token.Kind.OPERATOR, "]") ? null : expression();
    }
    expect(Token.Kind.OPERATOR, "]", "]");
    return new Expr.Slice(object, start, stop, step, line);
  }

  private Expr.Arguments arguments() {
    List<Expr> positional = new ArrayList<>();
    Map<String, Expr> named = new LinkedHashMap<>();
    while (!accept(Token.Kind.OPERATOR, ")")) {
      if (peek().kind() == Token.Kind.NAME && tokens.get(at + 1).is(Token.Kind.OPERATOR, "=")) {
        String key = next().text();
        next();
        named.put(key, expression());
      } else {
        positional.add(expression());
      }
      if (!accept(Token.Kind.OPERATOR, ",")) {
        expect(Token.Kind.OPERATOR, ")", ") or ,");
        break;
      }
    }
    return new Expr.Arguments(positional, named);
  }

  /** Filters and tests after an operand, and what can follow them. */
  private Expr filtersOf(Expr operand) {
    Expr value = operand;
    while (true) {
      int line = peek().line();
      if (accept(Token.Kind.OPERATOR, "|")) {
        value = filter(value, line);
      } else if (peek().is(Token.Kind.NAME, "is")) {
        next();
        value = test(value, line);
      } else if (peek().is(Token.Kind.OPERATOR, "(") || peek().is(Token.Kind.OPERATOR, "[")
          || peek().is(Token.Kind.OPERATOR, ".")) {
        value = postfix(value);
      } else {
        return value;
      }
    }
  }

  private Expr.Filter filter(Expr operand, int line) {
    String filter = name();
    Expr.Arguments arguments = accept(Token.Kind.OPERATOR, "(") ? arguments() : Expr.Arguments.NONE;
    return new Expr.Filter(operand, filter, arguments, line);
  }

  /** {@code name(…) | name(…)}: the filters of a block. */
  List<Expr.Filter> filters() {
    List<Expr.Filter> filters = new ArrayList<>();
    do {
      filters.add(filter(null, peek().line()));
    } while (accept(Token.Kind.OPERATOR, "|"));
    return filters;
  }

  private Expr test(Expr operand, int line) {
    boolean negated = accept(Token.Kind.NAME, "not");
    String test = name();
    Expr.Arguments arguments = Expr.Arguments.NONE;
    if (accept(Token.Kind.OPERATOR, "(")) {
      arguments = arguments();
    } else if (startsArgument(peek())) {
      arguments = new Expr.Arguments(List.of(postfix(primary())), Map.of());
    }
    return new Expr.Test(operand, test, arguments, negated, line);
  }

  /** A test's one argument may stand without brackets: {@code x is divisibleby 3}. */
  private static boolean startsArgument(Token token) {
    return switch (token.kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case NAME -> !Set.of("and", "or", "not", "if", "else", "is", "in", "recursive").contains(token.text());
      case OPERATOR -> token.text().equals("[") || token.text().equals("{");
      default -> false;
    };
  }
}
