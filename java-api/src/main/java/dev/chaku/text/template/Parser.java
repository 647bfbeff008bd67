package dev.chaku.text.template;

import dev.chaku.text.template.Statement.Flow;
import dev.chaku.text.template.Statement.Target;
import dev.chaku.text.template.Token.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parses a whole template: statements here, expressions in {@link ExpressionParser}. */
final class Parser {
    /** The tree and the variable names that its ids stand for. */
    record Tree(List<Statement> statements, List<String> names) {}

    private final TokenCursor cursor;
    private final ExpressionParser expressions;

    /** How many loops are open within the current macro or call block: where break and continue may stand. */
    private int loops;

    private Parser(List<Token> tokens) {
        cursor = new TokenCursor(tokens);
        expressions = new ExpressionParser(cursor);
    }

    static Tree parse(String source) {
        Parser parser = new Parser(Lexer.tokenize(source));
        List<Statement> statements = parser.statements(Set.of());
        return new Tree(statements, parser.cursor.names());
    }

    /** Parses up to the block whose name is among the ends; the cursor then stands on that name. */
    private List<Statement> statements(Set<String> ends) {
        cursor.enter();
        List<Statement> body = new ArrayList<>();
        while (cursor.current().type() != Type.END) {
            Token token = cursor.next();
            switch (token.type()) {
                case DATA -> body.add(new Statement.Data(token.text()));
                case VARIABLE_BEGIN -> {
                    body.add(new Statement.Print(expressions.tuple(true), token.line()));
                    cursor.expect(Type.VARIABLE_END);
                }
                default -> {
                    if (cursor.current().type() == Type.NAME
                            && ends.contains(cursor.current().text())) {
                        cursor.leave();
                        return List.copyOf(body);
                    }
                    body.add(statement());
                    cursor.expect(Type.BLOCK_END);
                }
            }
        }
        if (!ends.isEmpty()) {
            throw cursor.unexpected(
                    "the tag " + String.join(" or ", ends.stream().sorted().toList()));
        }
        cursor.leave();
        return List.copyOf(body);
    }

    /** Parses what a block tag opens: the rest of the tag, the body, and the name of the end tag. */
    private List<Statement> body(String end) {
        cursor.expect(Type.BLOCK_END);
        List<Statement> body = statements(Set.of(end));
        cursor.next();
        return body;
    }

    private Statement statement() {
        Token tag = cursor.expect(Type.NAME);
        return switch (tag.text()) {
            case "if" -> choose();
            case "for" -> loop(tag.line());
            case "set" -> set(tag.line());
            case "macro" -> macro(tag.line());
            case "call" -> callBlock(tag.line());
            case "filter" -> {
                List<Expression.Filter> filters = filters(true);
                yield new Statement.FilterBlock(filters, isolated("endfilter"), tag.line());
            }
            case "with" -> with(tag.line());
            case "generation" -> {
                yield new Statement.Generation(body("endgeneration"));
            }
            case "break" -> jump(tag, Flow.BREAK);
            case "continue" -> jump(tag, Flow.CONTINUE);
            default -> throw new Lexer.SyntaxFault("unknown or misplaced tag '%s'".formatted(tag.text()), tag.line());
        };
    }

    private Statement jump(Token tag, Flow flow) {
        if (loops == 0) {
            throw new Lexer.SyntaxFault("'%s' outside of a loop".formatted(tag.text()), tag.line());
        }
        return new Statement.Jump(flow);
    }

    private Statement choose() {
        List<Statement.Branch> branches = new ArrayList<>();
        List<Statement> otherwise = List.of();
        while (true) {
            Expression test = expressions.tuple(false);
            cursor.expect(Type.BLOCK_END);
            branches.add(new Statement.Branch(test, statements(Set.of("elif", "else", "endif"))));
            String next = cursor.next().text();
            if (next.equals("else")) {
                otherwise = body("endif");
            }
            if (!next.equals("elif")) {
                return new Statement.If(List.copyOf(branches), otherwise);
            }
        }
    }

    private Statement loop(int line) {
        Target target = target(false);
        cursor.expectName("in");
        Expression iterable = expressions.tuple(false);
        Expression condition = cursor.skipName("if") ? expressions.expression() : null;
        boolean recursive = cursor.skipName("recursive");
        cursor.expect(Type.BLOCK_END);
        loops++;
        List<Statement> body = statements(Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = cursor.next().text().equals("else") ? body("endfor") : List.of();
        return new Statement.For(target, iterable, condition, recursive, body, otherwise, line);
    }

    private Statement set(int line) {
        Target target = target(true);
        if (cursor.skipOperator("=")) {
            return new Statement.Assign(target, expressions.tuple(true), line);
        }
        List<Expression.Filter> filters = filters(false);
        return new Statement.AssignBlock(target, filters, isolated("endset"), line);
    }

    private List<Expression.Filter> filters(boolean startsInline) {
        List<Expression.Filter> filters = new ArrayList<>();
        if (startsInline) {
            filters.add(expressions.filter(null));
        }
        while (cursor.skipOperator("|")) {
            filters.add(expressions.filter(null));
        }
        return List.copyOf(filters);
    }

    /** A body that runs on its own, so that no break or continue can leave it. */
    private List<Statement> isolated(String end) {
        int outer = loops;
        loops = 0;
        List<Statement> body = body(end);
        loops = outer;
        return body;
    }

    private Statement with(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (cursor.current().type() != Type.BLOCK_END) {
            if (!targets.isEmpty()) {
                cursor.expectOperator(",");
            }
            targets.add(singleTarget(false));
            cursor.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Statement.With(List.copyOf(targets), List.copyOf(values), body("endwith"), line);
    }

    private Statement macro(int line) {
        String name = cursor.expect(Type.NAME).text();
        return macro(name, signature(), "endmacro", line);
    }

    private Statement.Macro macro(String name, Statement.Signature signature, String end, int line) {
        List<Statement> body = isolated(end);
        return new Statement.Macro(
                name,
                cursor.idOf(name),
                signature,
                body,
                implicitId(signature, "caller"),
                implicitId(signature, "varargs"),
                implicitId(signature, "kwargs"),
                line);
    }

    private int implicitId(Statement.Signature signature, String name) {
        return cursor.mentions(name) && !signature.names().contains(name) ? cursor.idOf(name) : -1;
    }

    private Statement.Signature signature() {
        List<String> names = new ArrayList<>();
        List<Integer> ids = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        cursor.expectOperator("(");
        while (!cursor.current().isOperator(")")) {
            if (!names.isEmpty()) {
                cursor.expectOperator(",");
            }
            String name = cursor.expect(Type.NAME).text();
            names.add(name);
            ids.add(cursor.idOf(name));
            if (cursor.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw cursor.fail("parameter '%s' without a default follows one with a default".formatted(name));
            }
        }
        cursor.next();
        return new Statement.Signature(List.copyOf(names), List.copyOf(ids), List.copyOf(defaults));
    }

    private Statement callBlock(int line) {
        Statement.Signature signature = cursor.current().isOperator("(")
                ? signature()
                : new Statement.Signature(List.of(), List.of(), List.of());
        if (!(expressions.expression() instanceof Expression.Call call)) {
            throw cursor.fail("expected a call after 'call'");
        }
        return new Statement.CallBlock(call, macro("caller", signature, "endcall", line), line);
    }

    private Target target(boolean namespaceAllowed) {
        List<Target> items = new ArrayList<>();
        boolean isTuple = false;
        do {
            if (cursor.current().isName("in")
                    || cursor.current().isOperator("=")
                    || cursor.current().isOperator(")")) {
                break;
            }
            items.add(singleTarget(namespaceAllowed));
            isTuple |= cursor.current().isOperator(",");
        } while (cursor.skipOperator(","));
        if (items.isEmpty()) {
            throw cursor.unexpected("a name to assign to");
        }
        return isTuple ? new Statement.TupleTarget(List.copyOf(items)) : items.get(0);
    }

    private Target singleTarget(boolean namespaceAllowed) {
        if (cursor.skipOperator("(")) {
            cursor.enter();
            Target target = target(namespaceAllowed);
            cursor.leave();
            cursor.expectOperator(")");
            return target;
        }
        Token token = cursor.expect(Type.NAME);
        if (Set.of("true", "false", "none", "True", "False", "None").contains(token.text())) {
            throw new Lexer.SyntaxFault("cannot assign to '%s'".formatted(token.text()), token.line());
        }
        int id = cursor.idOf(token.text());
        if (namespaceAllowed && cursor.skipOperator(".")) {
            return new Statement.NamespaceTarget(
                    id, token.text(), cursor.expect(Type.NAME).text());
        }
        return new Statement.NameTarget(id);
    }
}
