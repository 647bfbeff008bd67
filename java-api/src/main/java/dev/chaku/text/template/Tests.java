package dev.chaku.text.template;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All tests ({@code x is name}) by name. */
final class Tests {
    private static final Map<String, Builtin> ALL = new HashMap<>();

    /** A test without arguments. */
    private interface Condition {
        boolean holds(@Nullable Object value);
    }

    static {
        add("defined", v -> !(v instanceof Undefined));
        add("undefined", v -> v instanceof Undefined);
        add("none", v -> v == null);
        add("boolean", v -> v instanceof Boolean);
        add("true", v -> Boolean.TRUE.equals(v));
        add("false", v -> Boolean.FALSE.equals(v));
        add("integer", v -> v instanceof Number && !(v instanceof Double));
        add("float", v -> v instanceof Double);
        add("number", Arithmetic::isNumber);
        add("string", v -> v instanceof CharSequence);
        add("mapping", v -> v instanceof Map<?, ?>);
        add("sequence", v -> Values.isSized(v) && !(v instanceof DictView) && !(v instanceof LoopState));
        add("iterable", v -> v instanceof OneShot || Values.isSized(v));
        add("callable", v -> v instanceof Callable || v instanceof Undefined);
        add("escaped", Text::isSafe);
        add("odd", v -> remainder(v, 2) == 1);
        add("even", v -> remainder(v, 2) == 0);
        add("filter", v -> v instanceof CharSequence text && Filters.exists(text.toString()));
        add("test", v -> v instanceof CharSequence text && ALL.containsKey(text.toString()));
        Builtin.add(
                ALL,
                "lower",
                "value",
                (r, a) -> Methods.hasCase(Repr.str(r.budget(), a.value(0)).toString(), false));
        Builtin.add(
                ALL,
                "upper",
                "value",
                (r, a) -> Methods.hasCase(Repr.str(r.budget(), a.value(0)).toString(), true));
        Builtin.add(ALL, "divisibleby", "value num", (r, a) -> remainder(a.value(0), a.integer(1, 0)) == 0);
        Builtin.add(ALL, "sameas", "value other", (r, a) -> same(r.budget(), a.value(0), a.value(1)));
        Builtin.add(ALL, "in", "value seq", (r, a) -> Comparison.contains(r.budget(), a.value(1), a.value(0)));
        comparison("==", "eq", "equalto");
        comparison("!=", "ne");
        comparison(">", "gt", "greaterthan");
        comparison(">=", "ge");
        comparison("<", "lt", "lessthan");
        comparison("<=", "le");
    }

    private Tests() {}

    static Builtin find(String name) {
        Builtin test = ALL.get(name);
        if (test == null) {
            throw TemplateFault.runtime("No test named '%s'.".formatted(name));
        }
        return test;
    }

    private static void add(String name, Condition condition) {
        Builtin.add(ALL, name, "value", (r, a) -> condition.holds(a.value(0)));
    }

    private static void comparison(String operator, String... names) {
        for (String name : names) {
            Builtin.add(
                    ALL, name, "value other", (r, a) -> Comparison.test(r.budget(), operator, a.value(0), a.value(1)));
        }
        ALL.put(operator, ALL.get(List.of(names).get(0)));
    }

    private static double remainder(@Nullable Object value, int divisor) {
        if (!Arithmetic.isNumber(value)) {
            throw TemplateFault.type(
                    "unsupported operand type(s) for %%: '%s' and 'int'".formatted(TypeNames.of(value)));
        }
        if (divisor == 0) {
            throw new TemplateFault("ZeroDivisionError", "integer modulo by zero");
        }
        return value instanceof Double number
                ? number - divisor * Math.floor(number / divisor)
                : Arithmetic.integer(value)
                        .mod(java.math.BigInteger.valueOf(Math.abs((long) divisor)))
                        .doubleValue();
    }

    private static boolean same(Budget budget, @Nullable Object left, @Nullable Object right) {
        boolean scalar = left instanceof Boolean || left instanceof CharSequence || left instanceof Long;
        return left == right
                || (scalar && TypeNames.of(left).equals(TypeNames.of(right)) && Comparison.equal(budget, left, right));
    }
}
