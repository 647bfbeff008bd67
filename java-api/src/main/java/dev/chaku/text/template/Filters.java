package dev.chaku.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All filters by name, and those that are neither about strs nor sequences. */
final class Filters {
    private static final Map<String, Builtin> ALL = new HashMap<>();

    static {
        StringFilters.register(ALL);
        SequenceFilters.register(ALL);
        GroupingFilters.register(ALL);
        MarkupFilters.register(ALL);
        for (String name : List.of("default", "d")) {
            Builtin.add(ALL, name, "value default_value? boolean?", (r, a) -> {
                boolean replace = a.value(0) instanceof Undefined || (a.flag(2, false) && !Truth.of(a.value(0)));
                return replace ? a.value(1, "") : a.value(0);
            });
        }
        Builtin.add(ALL, "attr", "value name", (r, a) -> {
            defined(a);
            Object attribute = Methods.attribute(a.value(0), a.text(1).toString());
            return attribute != null
                    ? attribute
                    : new Undefined(
                            "%s has no attribute '%s'".formatted(TypeNames.ofOwner(a.value(0)), a.text(1)), false);
        });
        Builtin.add(ALL, "tojson", "value ensure_ascii? indent? separators? sort_keys?", Filters::toJson);
        Builtin.add(ALL, "int", "value default? base?", Filters::toInteger);
        Builtin.add(ALL, "float", "value default?", Filters::toReal);
        Builtin.add(
                ALL,
                "abs",
                "value",
                (r, a) -> Arithmetic.unary(Comparison.test(r.budget(), "<", a.value(0), 0L) ? '-' : '+', a.value(0)));
        Builtin.add(ALL, "round", "value precision? method?", Filters::round);
    }

    private Filters() {}

    static Builtin find(String name) {
        Builtin filter = ALL.get(name);
        if (filter == null) {
            throw TemplateFault.runtime("No filter named '%s'.".formatted(name));
        }
        return filter;
    }

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    private static Object toJson(Rendering rendering, BoundArguments a) {
        String indent = null;
        Object width = a.value(2, null);
        if (width instanceof CharSequence text) {
            indent = text.toString();
        } else if (width != null) {
            int spaces = Math.max(0, a.integer(2, 0));
            rendering.budget().characters(spaces, spaces);
            indent = " ".repeat(spaces);
        }
        String itemSeparator = indent == null ? ", " : ",";
        String keySeparator = ": ";
        Object separators = a.value(3, null);
        if (separators != null) {
            List<@Nullable Object> pair = Values.list(rendering.budget(), separators);
            if (pair.size() != 2 || !(pair.get(0) instanceof CharSequence) || !(pair.get(1) instanceof CharSequence)) {
                throw TemplateFault.type("tojson expected two strs as separators");
            }
            itemSeparator = String.valueOf(pair.get(0));
            keySeparator = String.valueOf(pair.get(1));
        }
        return new JsonWriter(
                        rendering.budget(), a.flag(1, false), indent, itemSeparator, keySeparator, a.flag(4, false))
                .write(a.value(0));
    }

    private static @Nullable Object toInteger(Rendering rendering, BoundArguments a) {
        Object value = defined(a);
        if (value instanceof Long || value instanceof BigInteger || value instanceof Boolean) {
            return Arithmetic.normalize(Arithmetic.integer(value));
        }
        double real;
        if (value instanceof Double number) {
            real = number;
        } else if (value instanceof CharSequence text && text.length() < 4000) {
            String digits = PythonString.strip(text, null, true, true).toString();
            try {
                return Arithmetic.normalize(parseInteger(digits, a.integer(2, 10)));
            } catch (NumberFormatException e) {
                Object parsed = parseReal(digits);
                if (parsed == null) {
                    return a.value(1, 0L);
                }
                real = Arithmetic.real(parsed);
            }
        } else {
            return a.value(1, 0L);
        }
        return Double.isNaN(real) || Double.isInfinite(real)
                ? a.value(1, 0L)
                : Arithmetic.normalize(new BigDecimal(real).toBigInteger());
    }

    /** Digits of a base, with its prefix or without; base 0 goes by the prefix. */
    private static BigInteger parseInteger(String digits, int base) {
        boolean signed = digits.startsWith("-") || digits.startsWith("+");
        String bare = digits.substring(signed ? 1 : 0).replaceAll("(?<=\\w)_(?=\\w)", "");
        String prefix = bare.length() > 2 ? bare.substring(0, 2).toLowerCase(java.util.Locale.ROOT) : "";
        int named = prefix.equals("0x") ? 16 : prefix.equals("0o") ? 8 : prefix.equals("0b") ? 2 : 10;
        if (named != 10 && (base == named || base == 0)) {
            bare = bare.substring(2);
        }
        if (bare.startsWith("-") || bare.startsWith("+")) {
            throw new NumberFormatException("two signs");
        }
        BigInteger value = new BigInteger(bare, base == 0 ? named : base);
        return digits.startsWith("-") ? value.negate() : value;
    }

    private static @Nullable Object defined(BoundArguments a) {
        if (a.value(0) instanceof Undefined undefined) {
            throw undefined.fault();
        }
        return a.value(0);
    }

    private static @Nullable Object toReal(Rendering rendering, BoundArguments a) {
        if (Arithmetic.isNumber(defined(a))) {
            return Arithmetic.real(a.value(0));
        }
        Object parsed = a.value(0) instanceof CharSequence text
                ? parseReal(PythonString.strip(text, null, true, true).toString())
                : null;
        return parsed == null ? a.value(1, 0.0) : parsed;
    }

    /** Python's decimal notation, which lacks the suffixes and hexadecimal forms that Java also reads. */
    private static @Nullable Double parseReal(String text) {
        String lower = text.toLowerCase(java.util.Locale.ROOT);
        String plain;
        switch (lower) {
            case "inf", "+inf", "infinity" -> {
                return Double.POSITIVE_INFINITY;
            }
            case "-inf", "-infinity" -> {
                return Double.NEGATIVE_INFINITY;
            }
            case "nan" -> {
                return Double.NaN;
            }
            default -> {
                plain = text.replaceAll("(?<=\\d)_(?=\\d)", "");
                if (text.length() > 400
                        || !plain.equals(text.replace("_", ""))
                        || !plain.chars().allMatch(c -> "0123456789.eE+-".indexOf(c) >= 0)) {
                    return null;
                }
            }
        }
        try {
            return Double.valueOf(plain);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static Object round(Rendering rendering, BoundArguments a) {
        Object value = a.value(0);
        if (!Arithmetic.isNumber(value)) {
            throw TemplateFault.type("round expected a number, found " + TypeNames.of(value));
        }
        int precision = Math.max(-400, Math.min(400, a.integer(1, 0)));
        RoundingMode mode =
                switch (a.text(2, "common").toString()) {
                    case "common" -> RoundingMode.HALF_EVEN;
                    case "ceil" -> RoundingMode.CEILING;
                    case "floor" -> RoundingMode.FLOOR;
                    default -> throw TemplateFault.value("method must be common, ceil or floor");
                };
        if (mode != RoundingMode.HALF_EVEN) {
            // Python scales by a power of ten in floats, and so has the steps of floats.
            double scale = Math.pow(10, precision);
            double scaled = Arithmetic.real(value) * scale;
            return (mode == RoundingMode.CEILING ? Math.ceil(scaled) : Math.floor(scaled)) / scale;
        }
        if (value instanceof Double number) {
            return number.isNaN() || number.isInfinite()
                    ? number
                    : (Object) new BigDecimal(number).setScale(precision, mode).doubleValue();
        }
        BigDecimal rounded = new BigDecimal(Arithmetic.integer(value)).setScale(Math.min(0, precision), mode);
        return Arithmetic.normalize(rounded.toBigInteger());
    }
}
