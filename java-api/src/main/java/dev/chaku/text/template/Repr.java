package dev.chaku.text.template;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's str() and repr(). */
final class Repr {
    private Repr() {}

    static CharSequence str(Budget budget, @Nullable Object value) {
        if (value instanceof CharSequence text) {
            return text;
        }
        return value instanceof Undefined ? "" : repr(budget, value);
    }

    static CharSequence repr(Budget budget, @Nullable Object value) {
        if (value instanceof Long || value instanceof Boolean || value == null) {
            return scalar(value);
        }
        Output out = new Output(budget);
        write(budget, out, value, 0);
        return out.toText();
    }

    private static void write(Budget budget, Output out, @Nullable Object value, int level) {
        budget.nesting(level);
        budget.elements(1);
        if (value instanceof CharSequence text) {
            out.append(Text.changed(text, quoted(text.toString())));
        } else if (value instanceof Range range) {
            out.append(range.toString());
        } else if (value instanceof List<?> list) {
            writeAll(budget, out.append("["), list, level);
            out.append("]");
        } else if (value instanceof Tuple tuple) {
            writeAll(budget, out.append("("), tuple.items(), level);
            out.append(tuple.items().size() == 1 ? ",)" : ")");
        } else if (value instanceof DictView view) {
            writeAll(budget, out.append(view.typeName()).append("(["), view.items(), level);
            out.append("])");
        } else if (value instanceof Map<?, ?> map) {
            writeMap(budget, out, map, level);
        } else if (value instanceof Namespace namespace) {
            writeMap(budget, out.append("<Namespace "), namespace.attributes(), level);
            out.append(">");
        } else {
            out.append(scalar(value));
        }
    }

    private static void writeAll(Budget budget, Output out, List<?> items, int level) {
        String separator = "";
        for (Object item : items) {
            write(budget, out.append(separator), item, level + 1);
            separator = ", ";
        }
    }

    private static void writeMap(Budget budget, Output out, Map<?, ?> map, int level) {
        out.append("{");
        String separator = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            write(budget, out.append(separator), entry.getKey(), level + 1);
            write(budget, out.append(": "), entry.getValue(), level + 1);
            separator = ", ";
        }
        out.append("}");
    }

    private static String scalar(@Nullable Object value) {
        if (value == null) {
            return "None";
        }
        if (value instanceof Boolean flag) {
            return flag ? "True" : "False";
        }
        if (value instanceof Double number) {
            return real(number);
        }
        if (value instanceof Callable callable) {
            return callable.description();
        }
        if (value instanceof OneShot oneShot) {
            return "<" + oneShot.typeName() + " object>";
        }
        return value instanceof Undefined ? "Undefined" : String.valueOf(value);
    }

    /** The shortest decimal that reads back as the same double, in Python's notation. */
    static String real(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal exact = new BigDecimal(value);
        BigDecimal shortest = shortest(exact, value).stripTrailingZeros();
        String digits = shortest.unscaledValue().abs().toString();
        int point = digits.length() - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (point <= -4 || point > 16) {
            int exponent = point - 1;
            String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
            return "%s%se%s%02d".formatted(sign, mantissa, exponent < 0 ? "-" : "+", Math.abs(exponent));
        }
        if (point <= 0) {
            return sign + "0." + "0".repeat(-point) + digits;
        }
        if (point >= digits.length()) {
            return sign + digits + "0".repeat(point - digits.length()) + ".0";
        }
        return sign + digits.substring(0, point) + "." + digits.substring(point);
    }

    private static BigDecimal shortest(BigDecimal exact, double value) {
        for (int precision = 1; precision < 17; precision++) {
            for (RoundingMode mode : List.of(RoundingMode.HALF_EVEN, RoundingMode.UP, RoundingMode.DOWN)) {
                BigDecimal candidate = exact.round(new MathContext(precision, mode));
                if (candidate.doubleValue() == value) {
                    return candidate;
                }
            }
        }
        return exact.round(new MathContext(17, RoundingMode.HALF_EVEN));
    }

    private static String quoted(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder out = new StringBuilder(text.length() + 2).append(quote);
        text.codePoints().forEach(c -> {
            if (c == quote || c == '\\') {
                out.append('\\').appendCodePoint(c);
            } else if (c == '\n' || c == '\r' || c == '\t') {
                out.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
            } else if (isPrintable(c)) {
                out.appendCodePoint(c);
            } else {
                out.append((c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(c));
            }
        });
        return out.append(quote).toString();
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }
}
