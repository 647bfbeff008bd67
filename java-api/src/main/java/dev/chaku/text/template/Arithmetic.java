package dev.chaku.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's operators on values: exact integers, floor division, concatenation and repetition. */
final class Arithmetic {
    private Arithmetic() {}

    /** A Long where it fits. */
    static Object normalize(BigInteger value) {
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    static boolean isNumber(@Nullable Object value) {
        return value instanceof Number || value instanceof Boolean;
    }

    static BigInteger integer(@Nullable Object value) {
        if (value instanceof BigInteger big) {
            return big;
        }
        if (value instanceof Boolean flag) {
            return flag ? BigInteger.ONE : BigInteger.ZERO;
        }
        return BigInteger.valueOf(((Number) java.util.Objects.requireNonNull(value)).longValue());
    }

    static double real(@Nullable Object value) {
        return value instanceof Number number
                ? number.doubleValue()
                : integer(value).doubleValue();
    }

    static @Nullable Object binary(Budget budget, String operator, @Nullable Object left, @Nullable Object right) {
        if (left instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (isNumber(left) && isNumber(right)) {
            return left instanceof Double || right instanceof Double
                    ? realBinary(operator, real(left), real(right))
                    : integerBinary(operator, left, right);
        }
        if (operator.equals("%") && left instanceof CharSequence format) {
            return PercentFormat.format(budget, format, right);
        }
        if (right instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (operator.equals("+")) {
            return add(budget, left, right);
        }
        if (operator.equals("*")) {
            if (right instanceof Long || right instanceof Boolean) {
                return repeat(budget, left, integer(right).longValue(), right);
            }
            if (left instanceof Long || left instanceof Boolean) {
                return repeat(budget, right, integer(left).longValue(), left);
            }
        }
        throw unsupported(operator, left, right);
    }

    private static TemplateFault unsupported(String operator, @Nullable Object left, @Nullable Object right) {
        return TemplateFault.type("unsupported operand type(s) for %s: '%s' and '%s'"
                .formatted(operator, TypeNames.of(left), TypeNames.of(right)));
    }

    private static Object add(Budget budget, @Nullable Object left, @Nullable Object right) {
        if (left instanceof CharSequence first) {
            if (right instanceof CharSequence second) {
                return concat(budget, first, second);
            }
            throw TemplateFault.type("can only concatenate str (not \"%s\") to str".formatted(TypeNames.of(right)));
        }
        List<@Nullable Object> first = items(left);
        List<@Nullable Object> second = items(right);
        if (first == null || second == null || left instanceof Tuple != right instanceof Tuple) {
            throw unsupported("+", left, right);
        }
        budget.elements(first.size() + (long) second.size());
        List<@Nullable Object> sum = new ArrayList<>(first);
        sum.addAll(second);
        return left instanceof Tuple ? new Tuple(sum) : sum;
    }

    /** Joins two strs; a safe one escapes the other. */
    private static CharSequence concat(Budget budget, CharSequence left, CharSequence right) {
        boolean safe = Text.isSafe(left) || Text.isSafe(right);
        CharSequence first = safe && !Text.isSafe(left) ? StringFilters.escape(budget, left) : left;
        CharSequence second = safe && !Text.isSafe(right) ? StringFilters.escape(budget, right) : right;
        CharSequence sum = new Output(budget).append(first).append(second).toText();
        return safe ? Text.safe(sum) : sum;
    }

    @SuppressWarnings("unchecked")
    private static @Nullable List<@Nullable Object> items(@Nullable Object value) {
        if (value instanceof Tuple tuple) {
            return tuple.items();
        }
        return value instanceof List<?> list && !(value instanceof Range) ? (List<@Nullable Object>) list : null;
    }

    private static Object repeat(Budget budget, @Nullable Object value, long count, @Nullable Object by) {
        long times = Math.max(0, count);
        if (value instanceof CharSequence text) {
            double total = (double) text.length() * times;
            budget.characters((long) total, (long) total);
            Output out = new Output(budget);
            for (long i = 0; i < times && text.length() > 0; i++) {
                out.append(text);
            }
            return out.toText();
        }
        List<@Nullable Object> items = items(value);
        if (items == null) {
            throw unsupported("*", value, by);
        }
        budget.elements((long) Math.min(1e18, (double) items.size() * times));
        List<@Nullable Object> repeated = new ArrayList<>();
        for (long i = 0; i < times && !items.isEmpty(); i++) {
            repeated.addAll(items);
        }
        return value instanceof Tuple ? new Tuple(repeated) : repeated;
    }

    private static Object realBinary(String operator, double left, double right) {
        if (right == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw new TemplateFault("ZeroDivisionError", "float division by zero");
        }
        return switch (operator) {
            case "+" -> left + right;
            case "-" -> left - right;
            case "*" -> left * right;
            case "/" -> left / right;
            case "//" -> floorDivide(left, right);
            case "**" -> {
                if (left < 0 && right != Math.rint(right)) {
                    throw TemplateFault.value("a fractional power of a negative number is complex");
                }
                if (left == 0 && right < 0) {
                    throw new TemplateFault("ZeroDivisionError", "0.0 cannot be raised to a negative power");
                }
                yield Math.pow(left, right);
            }
            default -> modulo(left, right);
        };
    }

    /** The remainder with the divisor's sign, that of zero included. */
    private static double modulo(double left, double right) {
        double remainder = left % right;
        if (remainder == 0) {
            return Math.copySign(0.0, right);
        }
        return (remainder < 0) != (right < 0) ? remainder + right : remainder;
    }

    /** The quotient without its remainder, which is exact where dividing first would round up to the next integer. */
    private static double floorDivide(double left, double right) {
        double quotient = (left - modulo(left, right)) / right;
        if (quotient == 0) {
            return Math.copySign(0.0, left / right);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static Object integerBinary(String operator, @Nullable Object leftValue, @Nullable Object rightValue) {
        BigInteger left = integer(leftValue);
        BigInteger right = integer(rightValue);
        if (right.signum() == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw new TemplateFault("ZeroDivisionError", "division by zero");
        }
        return switch (operator) {
            case "+" -> bounded(left.add(right));
            case "-" -> bounded(left.subtract(right));
            case "*" -> bounded(left.multiply(right));
            case "/" ->
                new BigDecimal(left)
                        .divide(new BigDecimal(right), new java.math.MathContext(40))
                        .doubleValue();
            case "//" -> bounded(floorDivide(left, right));
            case "%" -> bounded(left.subtract(floorDivide(left, right).multiply(right)));
            default -> power(left, right);
        };
    }

    private static BigInteger floorDivide(BigInteger left, BigInteger right) {
        BigInteger[] parts = left.divideAndRemainder(right);
        boolean below = parts[1].signum() != 0 && parts[1].signum() != right.signum();
        return below ? parts[0].subtract(BigInteger.ONE) : parts[0];
    }

    private static Object power(BigInteger base, BigInteger exponent) {
        if (exponent.signum() < 0) {
            return Math.pow(base.doubleValue(), exponent.doubleValue());
        }
        if (base.abs().bitLength() > 1 && exponent.doubleValue() * (base.bitLength() - 1) > Budget.MAX_INTEGER_BITS) {
            throw tooLarge();
        }
        int reduced =
                base.abs().bitLength() > 1 ? exponent.intValue() : exponent.testBit(0) ? 1 : exponent.signum() * 2;
        return bounded(base.pow(reduced));
    }

    private static Object bounded(BigInteger value) {
        if (value.bitLength() > Budget.MAX_INTEGER_BITS) {
            throw tooLarge();
        }
        return normalize(value);
    }

    private static TemplateFault tooLarge() {
        return TemplateFault.limit("an integer of more than %d bits".formatted(Budget.MAX_INTEGER_BITS));
    }

    static Object unary(char operator, @Nullable Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (!isNumber(value)) {
            throw TemplateFault.type("bad operand type for unary %c: '%s'".formatted(operator, TypeNames.of(value)));
        }
        if (value instanceof Double number) {
            return operator == '-' ? -number : number;
        }
        BigInteger integer = integer(value);
        return normalize(operator == '-' ? integer.negate() : integer);
    }
}
