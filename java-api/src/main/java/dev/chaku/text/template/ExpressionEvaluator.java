package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Evaluates expressions within a {@link Rendering}. */
final class ExpressionEvaluator implements Expression.Visitor {
    private final Rendering rendering;

    ExpressionEvaluator(Rendering rendering) {
        this.rendering = rendering;
    }

    private @Nullable Object evaluate(Expression expression) {
        return rendering.evaluate(expression);
    }

    private List<@Nullable Object> evaluateAll(List<Expression> list) {
        if (list.isEmpty()) {
            return List.of();
        }
        List<@Nullable Object> values = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            values.add(evaluate(list.get(i)));
        }
        return values;
    }

    @Override
    public @Nullable Object literal(Expression.Literal node) {
        return node.value();
    }

    @Override
    public @Nullable Object name(Expression.Name node) {
        return rendering.scope().get(node.id(), node.name());
    }

    @Override
    public Object list(Expression.ListLiteral node) {
        List<@Nullable Object> items = evaluateAll(node.items());
        return node.tuple() ? new Tuple(items) : items;
    }

    @Override
    public Object dict(Expression.DictLiteral node) {
        Map<Object, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = 0; i < node.keys().size(); i++) {
            Object key = Values.key(rendering.budget(), evaluate(node.keys().get(i)));
            map.put(key, evaluate(node.values().get(i)));
        }
        return map;
    }

    @Override
    public @Nullable Object attribute(Expression.Attribute node) {
        Object target = evaluate(node.target());
        rendering.at(node.line());
        return Values.attribute(target, node.name());
    }

    @Override
    public @Nullable Object item(Expression.Item node) {
        Object target = evaluate(node.target());
        Object index = evaluate(node.index());
        rendering.at(node.line());
        return Values.item(rendering.budget(), target, index);
    }

    @Override
    public @Nullable Object slice(Expression.Slice node) {
        Object target = evaluate(node.target());
        Object start = node.start() == null ? null : evaluate(node.start());
        Object stop = node.stop() == null ? null : evaluate(node.stop());
        Object step = node.step() == null ? null : evaluate(node.step());
        rendering.at(node.line());
        return Values.slice(rendering.budget(), target, start, stop, step);
    }

    @Override
    public @Nullable Object call(Expression.Call node) {
        Object target = evaluate(node.target());
        if (target instanceof Undefined undefined) {
            rendering.at(node.line());
            throw undefined.fault();
        }
        Arguments arguments = arguments(node.arguments());
        rendering.at(node.line());
        return call(target, arguments);
    }

    private @Nullable Object call(@Nullable Object target, Arguments arguments) {
        if (!(target instanceof Callable callable)) {
            throw TemplateFault.type("'%s' object is not callable".formatted(TypeNames.of(target)));
        }
        return callable.call(rendering, arguments);
    }

    Arguments arguments(Expression.ArgumentList list) {
        if (list == Expression.ArgumentList.NONE) {
            return Arguments.NONE;
        }
        List<@Nullable Object> positional = evaluateAll(list.positional());
        if (list.spread() != null) {
            positional = new ArrayList<>(positional);
            positional.addAll(Values.list(rendering.budget(), evaluate(list.spread())));
        }
        if (list.named().isEmpty() && list.namedSpread() == null) {
            return new Arguments(positional, Map.of());
        }
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        for (int i = 0; i < list.named().size(); i++) {
            named.put(list.names().get(i), evaluate(list.named().get(i)));
        }
        if (list.namedSpread() != null) {
            if (!(evaluate(list.namedSpread()) instanceof Map<?, ?> map)) {
                throw TemplateFault.type("argument after ** must be a mapping");
            }
            map.forEach((key, value) -> named.put(String.valueOf(key), value));
        }
        return new Arguments(positional, named);
    }

    @Override
    public @Nullable Object filter(Expression.Filter node) {
        return apply(node, node.target() == null ? null : evaluate(node.target()));
    }

    /** Applies a filter to a value that stands in place of its target. */
    @Nullable
    Object apply(Expression.Filter node, @Nullable Object value) {
        Arguments arguments = arguments(node.arguments());
        rendering.at(node.line());
        return Filters.find(node.name()).callOn(rendering, value, arguments);
    }

    @Override
    public @Nullable Object test(Expression.Test node) {
        Object value = evaluate(node.target());
        Arguments arguments = arguments(node.arguments());
        rendering.at(node.line());
        return Tests.find(node.name()).callOn(rendering, value, arguments);
    }

    @Override
    public Object unary(Expression.Unary node) {
        Object value = evaluate(node.operand());
        rendering.at(node.line());
        return Arithmetic.unary(node.operator(), value);
    }

    @Override
    public @Nullable Object binary(Expression.Binary node) {
        Object left = evaluate(node.left());
        Object right = evaluate(node.right());
        rendering.at(node.line());
        return Arithmetic.binary(rendering.budget(), node.operator(), left, right);
    }

    @Override
    public @Nullable Object logical(Expression.Logical node) {
        Object left = evaluate(node.left());
        return Truth.of(left) == node.and() ? evaluate(node.right()) : left;
    }

    @Override
    public Object not(Expression.Not node) {
        return !Truth.of(evaluate(node.operand()));
    }

    @Override
    public Object compare(Expression.Compare node) {
        Object left = evaluate(node.first());
        for (int i = 0; i < node.operators().size(); i++) {
            Object right = evaluate(node.operands().get(i));
            rendering.at(node.line());
            if (!Comparison.test(rendering.budget(), node.operators().get(i), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    @Override
    public Object concat(Expression.Concat node) {
        Output joined = new Output(rendering.budget());
        for (int i = 0; i < node.parts().size(); i++) {
            joined.append(Repr.str(rendering.budget(), evaluate(node.parts().get(i))));
        }
        return joined.toText();
    }

    @Override
    public @Nullable Object conditional(Expression.Conditional node) {
        if (Truth.of(evaluate(node.test()))) {
            return evaluate(node.then());
        }
        return node.otherwise() != null
                ? evaluate(node.otherwise())
                : new Undefined(
                        "the inline if-expression on line %d evaluated to false and no else section was defined"
                                .formatted(node.line()),
                        false);
    }
}
