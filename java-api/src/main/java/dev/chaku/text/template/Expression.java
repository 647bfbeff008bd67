package dev.chaku.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The expressions of a parsed template; immutable. Lines are counted from 1 and serve error messages. */
sealed interface Expression {
    /** One method per kind of expression. */
    interface Visitor {
        @Nullable
        Object literal(Literal node);

        @Nullable
        Object name(Name node);

        @Nullable
        Object list(ListLiteral node);

        @Nullable
        Object dict(DictLiteral node);

        @Nullable
        Object attribute(Attribute node);

        @Nullable
        Object item(Item node);

        @Nullable
        Object slice(Slice node);

        @Nullable
        Object call(Call node);

        @Nullable
        Object filter(Filter node);

        @Nullable
        Object test(Test node);

        @Nullable
        Object unary(Unary node);

        @Nullable
        Object binary(Binary node);

        @Nullable
        Object logical(Logical node);

        @Nullable
        Object not(Not node);

        @Nullable
        Object compare(Compare node);

        @Nullable
        Object concat(Concat node);

        @Nullable
        Object conditional(Conditional node);
    }

    @Nullable
    Object accept(Visitor visitor);

    record Literal(@Nullable Object value) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.literal(this);
        }
    }

    /** A variable; the id is its index in every scope of the template. */
    record Name(String name, int id, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.name(this);
        }
    }

    record ListLiteral(List<Expression> items, boolean tuple) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.list(this);
        }
    }

    record DictLiteral(List<Expression> keys, List<Expression> values, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.dict(this);
        }
    }

    record Attribute(Expression target, String name, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.attribute(this);
        }
    }

    record Item(Expression target, Expression index, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.item(this);
        }
    }

    record Slice(
            Expression target,
            @Nullable Expression start,
            @Nullable Expression stop,
            @Nullable Expression step,
            int line)
            implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.slice(this);
        }
    }

    /** What stands between the parentheses of a call. */
    record ArgumentList(
            List<Expression> positional,
            List<String> names,
            List<Expression> named,
            @Nullable Expression spread,
            @Nullable Expression namedSpread) {
        static final ArgumentList NONE = new ArgumentList(List.of(), List.of(), List.of(), null, null);
    }

    record Call(Expression target, ArgumentList arguments, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.call(this);
        }
    }

    /** A filter; the target is null at the head of a filter block, where the block's text takes its place. */
    record Filter(@Nullable Expression target, String name, ArgumentList arguments, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.filter(this);
        }
    }

    record Test(Expression target, String name, ArgumentList arguments, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.test(this);
        }
    }

    record Unary(char operator, Expression operand, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.unary(this);
        }
    }

    record Binary(String operator, Expression left, Expression right, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.binary(this);
        }
    }

    /** {@code and} or {@code or}, which yield one of their operands. */
    record Logical(boolean and, Expression left, Expression right) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.logical(this);
        }
    }

    record Not(Expression operand) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.not(this);
        }
    }

    /** A chain such as {@code a < b <= c}; operator i stands before operand i. */
    record Compare(Expression first, List<String> operators, List<Expression> operands, int line)
            implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.compare(this);
        }
    }

    record Concat(List<Expression> parts) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.concat(this);
        }
    }

    record Conditional(
            Expression test, Expression then, @Nullable Expression otherwise, int line) implements Expression {
        @Override
        public @Nullable Object accept(Visitor visitor) {
            return visitor.conditional(this);
        }
    }
}
