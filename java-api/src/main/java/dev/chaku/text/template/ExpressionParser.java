package dev.chaku.text.template;

import dev.chaku.text.template.Expression.ArgumentList;
import dev.chaku.text.template.Token.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Parses expressions by recursive descent. From loose to tight: {@code if-else}, {@code or}, {@code and}, {@code not},
 * comparisons, {@code + -}, {@code ~}, {@code * / // %}, {@code **}, signs, postfix, filters and tests.
 */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");
    private static final Set<String> AFTER_TEST = Set.of("else", "or", "and");

    private final TokenCursor cursor;

    ExpressionParser(TokenCursor cursor) {
        this.cursor = cursor;
    }

    Expression expression() {
        int line = cursor.line();
        Expression value = or();
        while (cursor.skipName("if")) {
            Expression test = or();
            Expression otherwise = null;
            if (cursor.skipName("else")) {
                cursor.enter();
                otherwise = expression();
                cursor.leave();
            }
            value = new Expression.Conditional(test, value, otherwise, line);
        }
        return value;
    }

    /** An expression, or a tuple without parentheses. The conditional form is left to the caller if not allowed. */
    Expression tuple(boolean conditionalAllowed) {
        List<Expression> items = new ArrayList<>();
        boolean isTuple = false;
        while (!atTupleEnd()) {
            items.add(conditionalAllowed ? expression() : or());
            if (!cursor.skipOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (isTuple) {
            return new Expression.ListLiteral(List.copyOf(items), true);
        }
        if (items.isEmpty()) {
            throw cursor.unexpected("an expression");
        }
        return items.get(0);
    }

    private boolean atTupleEnd() {
        Token token = cursor.current();
        return token.type() == Type.VARIABLE_END
                || token.type() == Type.BLOCK_END
                || token.isOperator(")")
                || token.isName("recursive");
    }

    private Expression or() {
        Expression left = and();
        while (cursor.skipName("or")) {
            left = new Expression.Logical(false, left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (cursor.skipName("and")) {
            left = new Expression.Logical(true, left, not());
        }
        return left;
    }

    private Expression not() {
        if (cursor.skipName("not")) {
            cursor.enter();
            Expression operand = not();
            cursor.leave();
            return new Expression.Not(operand);
        }
        return comparison();
    }

    private Expression comparison() {
        int line = cursor.line();
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> operands = new ArrayList<>();
        while (true) {
            Token token = cursor.current();
            if (token.type() == Type.OPERATOR && COMPARISONS.contains(token.text())) {
                operators.add(cursor.next().text());
            } else if (cursor.skipName("in")) {
                operators.add("in");
            } else if (token.isName("not") && cursor.lookAhead().isName("in")) {
                cursor.next();
                cursor.next();
                operators.add("not in");
            } else {
                break;
            }
            operands.add(sum());
        }
        return operators.isEmpty()
                ? first
                : new Expression.Compare(first, List.copyOf(operators), List.copyOf(operands), line);
    }

    private Expression sum() {
        Expression left = concatenation();
        while (cursor.current().isOperator("+") || cursor.current().isOperator("-")) {
            Token operator = cursor.next();
            left = new Expression.Binary(operator.text(), left, concatenation(), operator.line());
        }
        return left;
    }

    private Expression concatenation() {
        Expression first = product();
        if (!cursor.current().isOperator("~")) {
            return first;
        }
        List<Expression> parts = new ArrayList<>(List.of(first));
        while (cursor.skipOperator("~")) {
            parts.add(product());
        }
        return new Expression.Concat(List.copyOf(parts));
    }

    private Expression product() {
        Expression left = power();
        while (cursor.current().type() == Type.OPERATOR
                && PRODUCTS.contains(cursor.current().text())) {
            Token operator = cursor.next();
            left = new Expression.Binary(operator.text(), left, power(), operator.line());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (cursor.current().isOperator("**")) {
            int line = cursor.next().line();
            left = new Expression.Binary("**", left, unary(true), line);
        }
        return left;
    }

    private Expression unary(boolean filtersAllowed) {
        cursor.enter();
        Token token = cursor.current();
        Expression value;
        if (token.isOperator("-") || token.isOperator("+")) {
            cursor.next();
            value = new Expression.Unary(token.text().charAt(0), unary(false), token.line());
        } else {
            value = primary();
        }
        value = postfix(value);
        if (filtersAllowed) {
            value = filtersAndTests(value);
        }
        cursor.leave();
        return value;
    }

    Expression primary() {
        Token token = cursor.current();
        return switch (token.type()) {
            case NAME -> nameOrConstant(cursor.next());
            case STRING -> string();
            case INTEGER, FLOAT -> new Expression.Literal(cursor.next().value());
            case OPERATOR -> bracketed(token);
            default -> throw cursor.unexpected("an expression");
        };
    }

    private Expression nameOrConstant(Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Expression.Literal(true);
            case "false", "False" -> new Expression.Literal(false);
            case "none", "None" -> new Expression.Literal(null);
            default -> new Expression.Name(token.text(), cursor.idOf(token.text()), token.line());
        };
    }

    private Expression string() {
        StringBuilder text = new StringBuilder();
        while (cursor.current().type() == Type.STRING) {
            text.append(cursor.next().text());
        }
        return new Expression.Literal(text.toString());
    }

    private Expression bracketed(Token token) {
        switch (token.text()) {
            case "(" -> {
                cursor.next();
                Expression value =
                        cursor.current().isOperator(")") ? new Expression.ListLiteral(List.of(), true) : tuple(true);
                cursor.expectOperator(")");
                return value;
            }
            case "[" -> {
                cursor.next();
                List<Expression> items = new ArrayList<>();
                while (!cursor.current().isOperator("]")) {
                    items.add(expression());
                    if (!cursor.skipOperator(",")) {
                        break;
                    }
                }
                cursor.expectOperator("]");
                return new Expression.ListLiteral(List.copyOf(items), false);
            }
            case "{" -> {
                return dict();
            }
            default -> throw cursor.unexpected("an expression");
        }
    }

    private Expression dict() {
        int line = cursor.next().line();
        List<Expression> keys = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (!cursor.current().isOperator("}")) {
            keys.add(expression());
            cursor.expectOperator(":");
            values.add(expression());
            if (!cursor.skipOperator(",")) {
                break;
            }
        }
        cursor.expectOperator("}");
        return new Expression.DictLiteral(List.copyOf(keys), List.copyOf(values), line);
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            Token token = cursor.current();
            if (token.isOperator(".")) {
                cursor.next();
                value = dotted(value, token.line());
            } else if (token.isOperator("[")) {
                cursor.next();
                value = subscript(value, token.line());
                cursor.expectOperator("]");
            } else if (token.isOperator("(")) {
                value = new Expression.Call(value, arguments(), token.line());
            } else {
                return value;
            }
        }
    }

    private Expression dotted(Expression target, int line) {
        Token token = cursor.next();
        return switch (token.type()) {
            case NAME -> new Expression.Attribute(target, token.text(), line);
            case INTEGER -> new Expression.Item(target, new Expression.Literal(token.value()), line);
            default -> throw new Lexer.SyntaxFault("expected a name or number, found " + token.description(), line);
        };
    }

    private Expression subscript(Expression target, int line) {
        Expression start = null;
        if (!cursor.current().isOperator(":")) {
            start = expression();
            if (!cursor.current().isOperator(":")) {
                return new Expression.Item(target, start, line);
            }
        }
        cursor.next();
        Expression stop = sliceBound();
        Expression step = cursor.skipOperator(":") ? sliceBound() : null;
        return new Expression.Slice(target, start, stop, step, line);
    }

    private @Nullable Expression sliceBound() {
        Token token = cursor.current();
        return token.isOperator(":") || token.isOperator("]") ? null : expression();
    }

    private Expression filtersAndTests(Expression start) {
        Expression value = start;
        while (true) {
            Token token = cursor.current();
            if (cursor.skipOperator("|")) {
                value = filter(value);
            } else if (cursor.skipName("is")) {
                value = test(value);
            } else if (token.isOperator("(")) {
                value = new Expression.Call(value, arguments(), token.line());
            } else {
                return value;
            }
        }
    }

    /** A filter without the bar before it. */
    Expression.Filter filter(@Nullable Expression target) {
        Token name = cursor.expect(Type.NAME);
        ArgumentList arguments = cursor.current().isOperator("(") ? arguments() : ArgumentList.NONE;
        return new Expression.Filter(target, name.text(), arguments, name.line());
    }

    private Expression test(Expression target) {
        boolean negated = cursor.skipName("not");
        Token name = cursor.expect(Type.NAME);
        ArgumentList arguments = ArgumentList.NONE;
        Token token = cursor.current();
        if (token.isOperator("(")) {
            arguments = arguments();
        } else if (startsTestArgument(token)) {
            if (token.isName("is")) {
                throw cursor.fail("tests cannot be chained with 'is'");
            }
            arguments = new ArgumentList(List.of(postfix(primary())), List.of(), List.of(), null, null);
        }
        Expression test = new Expression.Test(target, name.text(), arguments, name.line());
        return negated ? new Expression.Not(test) : test;
    }

    private static boolean startsTestArgument(Token token) {
        return switch (token.type()) {
            case NAME -> !AFTER_TEST.contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.isOperator("[") || token.isOperator("{");
            default -> false;
        };
    }

    private ArgumentList arguments() {
        cursor.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<Expression> named = new ArrayList<>();
        Expression spread = null;
        Expression namedSpread = null;
        while (!cursor.current().isOperator(")")) {
            if (namedSpread == null && spread == null && cursor.skipOperator("*")) {
                spread = expression();
            } else if (namedSpread == null && cursor.skipOperator("**")) {
                namedSpread = expression();
            } else if (cursor.current().type() == Type.NAME
                    && cursor.lookAhead().isOperator("=")
                    && namedSpread == null) {
                names.add(cursor.next().text());
                cursor.next();
                named.add(expression());
            } else if (named.isEmpty() && spread == null && namedSpread == null) {
                positional.add(expression());
            } else {
                throw cursor.fail("invalid order of arguments in a call");
            }
            if (!cursor.skipOperator(",")) {
                break;
            }
        }
        cursor.expectOperator(")");
        return new ArgumentList(List.copyOf(positional), List.copyOf(names), List.copyOf(named), spread, namedSpread);
    }
}
