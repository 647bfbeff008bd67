package dev.chaku.text.template;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One run of one template: where it stands and what it may still spend. Not thread-safe. */
final class Rendering {
    private final Budget budget;
    private final Clock clock;
    private final ExpressionEvaluator expressions = new ExpressionEvaluator(this);
    private final StatementRunner statements = new StatementRunner(this);
    private Scope scope;
    private Output out;
    private int line = 1;

    Rendering(Budget budget, Clock clock, Scope scope) {
        this.budget = budget;
        this.clock = clock;
        this.scope = scope;
        this.out = new Output(budget);
    }

    Budget budget() {
        return budget;
    }

    ZonedDateTime now() {
        return ZonedDateTime.now(clock);
    }

    Scope scope() {
        return scope;
    }

    Output out() {
        return out;
    }

    /** The line of the source that is being evaluated. */
    int line() {
        return line;
    }

    void at(int newLine) {
        line = newLine;
    }

    @Nullable
    Object evaluate(Expression expression) {
        budget.enter();
        Object value = expression.accept(expressions);
        budget.leave();
        return value;
    }

    @Nullable
    Object evaluateIn(Scope inner, Expression expression) {
        Scope outer = scope;
        scope = inner;
        Object value = evaluate(expression);
        scope = outer;
        return value;
    }

    @Nullable
    Object filter(Expression.Filter filter, @Nullable Object value) {
        return expressions.apply(filter, value);
    }

    Arguments arguments(Expression.ArgumentList list) {
        return expressions.arguments(list);
    }

    Statement.Flow run(List<Statement> body) {
        for (int i = 0; i < body.size(); i++) {
            budget.enter();
            Statement.Flow flow = body.get(i).accept(statements);
            budget.leave();
            if (flow != Statement.Flow.NORMAL) {
                return flow;
            }
        }
        return Statement.Flow.NORMAL;
    }

    Statement.Flow runIn(Scope inner, List<Statement> body) {
        Scope outer = scope;
        scope = inner;
        Statement.Flow flow = run(body);
        scope = outer;
        return flow;
    }

    /** Runs a body and returns what it prints. */
    CharSequence capture(Scope inner, List<Statement> body) {
        return capture(() -> runIn(inner, body));
    }

    CharSequence capture(Runnable body) {
        Output outer = out;
        out = new Output(budget);
        body.run();
        CharSequence text = out.toText();
        out = outer;
        return text;
    }
}
