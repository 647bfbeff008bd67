package dev.chaku.text.template;

import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's equality, order and membership. */
final class Comparison {
    /** Nested deeper than this, two values cannot be compared. */
    private static final int MAX_NESTING = 200;

    private Comparison() {}

    static boolean test(Budget budget, String operator, @Nullable Object left, @Nullable Object right) {
        if (left instanceof CharSequence text) {
            budget.scan(text);
        }
        return switch (operator) {
            case "==" -> equal(budget, left, right);
            case "!=" -> !equal(budget, left, right);
            case "in" -> contains(budget, right, left);
            case "not in" -> !contains(budget, right, left);
            case "<" -> order(budget, left, right, operator) < 0;
            case "<=" -> order(budget, left, right, operator) <= 0;
            case ">" -> order(budget, left, right, operator) > 0;
            default -> order(budget, left, right, operator) >= 0;
        };
    }

    static boolean equal(Budget budget, @Nullable Object left, @Nullable Object right) {
        return equal(budget, left, right, 0);
    }

    private static boolean equal(Budget budget, @Nullable Object left, @Nullable Object right, int level) {
        budget.elements(1);
        if (level > MAX_NESTING) {
            throw TemplateFault.limit("data nested deeper than %d levels".formatted(MAX_NESTING));
        }
        if (left == right) {
            return true;
        }
        if (left instanceof CharSequence first && right instanceof CharSequence second) {
            budget.scan(first);
            return first.length() == second.length() && first.toString().equals(second.toString());
        }
        if (Arithmetic.isNumber(left) && Arithmetic.isNumber(right)) {
            return compareNumbers(left, right) == 0;
        }
        if (left instanceof Undefined && right instanceof Undefined) {
            return true;
        }
        if (left instanceof Tuple first && right instanceof Tuple second) {
            return equalItems(budget, first.items(), second.items(), level);
        }
        if (left instanceof List<?> first && right instanceof List<?> second) {
            return left instanceof Range == right instanceof Range && equalItems(budget, first, second, level);
        }
        if (left instanceof Map<?, ?> first && right instanceof Map<?, ?> second) {
            return first.size() == second.size()
                    && first.entrySet().stream()
                            .allMatch(e -> second.containsKey(e.getKey())
                                    && equal(budget, e.getValue(), second.get(e.getKey()), level + 1));
        }
        return false;
    }

    private static boolean equalItems(Budget budget, List<?> left, List<?> right, int level) {
        if (left.size() != right.size()) {
            return false;
        }
        for (int i = 0; i < left.size(); i++) {
            if (!equal(budget, left.get(i), right.get(i), level + 1)) {
                return false;
            }
        }
        return true;
    }

    private static int compareNumbers(@Nullable Object left, @Nullable Object right) {
        if (left instanceof Long first && right instanceof Long second) {
            return Long.compare(first, second);
        }
        if (left instanceof Double || right instanceof Double) {
            double first = Arithmetic.real(left);
            double second = Arithmetic.real(right);
            if (Double.isNaN(first) || Double.isNaN(second)) {
                return -2;
            }
            if (Double.isInfinite(first) || Double.isInfinite(second)) {
                return Double.compare(first, second);
            }
            return decimal(left).compareTo(decimal(right));
        }
        return Arithmetic.integer(left).compareTo(Arithmetic.integer(right));
    }

    private static BigDecimal decimal(@Nullable Object value) {
        return value instanceof Double number ? new BigDecimal(number) : new BigDecimal(Arithmetic.integer(value));
    }

    /** Order for sorting; fails for values that Python does not order. */
    static int order(Budget budget, @Nullable Object left, @Nullable Object right) {
        return order(budget, left, right, "<");
    }

    /** Order of values as items of lists: equal ones need none. */
    static int orderOfItems(Budget budget, @Nullable Object left, @Nullable Object right) {
        return equal(budget, left, right) ? 0 : order(budget, left, right, "<");
    }

    private static int order(Budget budget, @Nullable Object left, @Nullable Object right, String operator) {
        budget.elements(1);
        if (left instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (right instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (left instanceof CharSequence first && right instanceof CharSequence second) {
            budget.scan(first);
            return compareText(first, second);
        }
        if (Arithmetic.isNumber(left) && Arithmetic.isNumber(right)) {
            return compareNumbers(left, right);
        }
        List<?> first = ordered(left);
        List<?> second = ordered(right);
        if (first != null && second != null && left instanceof Tuple == right instanceof Tuple) {
            for (int i = 0; i < Math.min(first.size(), second.size()); i++) {
                if (!equal(budget, first.get(i), second.get(i))) {
                    return order(budget, first.get(i), second.get(i), operator);
                }
            }
            return Integer.compare(first.size(), second.size());
        }
        throw TemplateFault.type("'%s' not supported between instances of '%s' and '%s'"
                .formatted(operator, TypeNames.of(left), TypeNames.of(right)));
    }

    /** The items of a tuple or list, which have an order; a range has none. */
    private static @Nullable List<?> ordered(@Nullable Object value) {
        return value instanceof Range ? null : Values.sequence(value);
    }

    /** By code points: UTF-16 order differs where surrogates meet the characters above them. */
    private static int compareText(CharSequence left, CharSequence right) {
        int length = Math.min(left.length(), right.length());
        for (int i = 0; i < length; i++) {
            char a = left.charAt(i);
            char b = right.charAt(i);
            if (a != b) {
                return Character.isSurrogate(a) != Character.isSurrogate(b)
                        ? (Character.isSurrogate(a) ? 1 : -1)
                        : Character.compare(a, b);
            }
        }
        return Integer.compare(left.length(), right.length());
    }

    static boolean contains(Budget budget, @Nullable Object container, @Nullable Object element) {
        if (container instanceof CharSequence text) {
            if (element instanceof Undefined undefined) {
                throw undefined.fault();
            }
            if (!(element instanceof CharSequence part)) {
                throw TemplateFault.type("'in <string>' requires string as left operand, not " + TypeNames.of(element));
            }
            budget.search(text, part);
            return text.toString().contains(part.toString());
        }
        if (container instanceof Map<?, ?> map) {
            return map.containsKey(Values.key(budget, element));
        }
        if (container == null || Arithmetic.isNumber(container)) {
            throw TemplateFault.type("argument of type '%s' is not iterable".formatted(TypeNames.of(container)));
        }
        Iterator<@Nullable Object> items = Values.iterate(budget, container);
        while (items.hasNext()) {
            budget.elements(1);
            if (equal(budget, items.next(), element)) {
                return true;
            }
        }
        return false;
    }
}
