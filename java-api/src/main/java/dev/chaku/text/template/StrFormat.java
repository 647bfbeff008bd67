package dev.chaku.text.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Python's {@code str.format}: fields by position or name, with attributes and items, a conversion, and a format
 * specification of fill, alignment, sign, width, grouping, precision and kind for strs and numbers.
 */
final class StrFormat {
    private static final Pattern FIELD =
            Pattern.compile("([^!:.\\[]*)((?:\\.\\w+|\\[[^\\]]*\\])*)(?:!([rsa]))?(?::(.*))?", Pattern.DOTALL);
    private static final Pattern STEP = Pattern.compile("\\.(\\w+)|\\[([^\\]]*)\\]");
    private static final Pattern SPECIFICATION = Pattern.compile(
            "(?:(.)?([<>^=]))?([-+ ])?(#)?(0)?(\\d{0,4})([,_])?(?:\\.(\\d{1,4}))?([a-zA-Z%])?", Pattern.DOTALL);

    private final Rendering rendering;
    private final List<@Nullable Object> positional;
    private final Map<String, @Nullable Object> named;
    private int next;

    private StrFormat(Rendering rendering, List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
        this.rendering = rendering;
        this.positional = positional;
        this.named = named;
    }

    static CharSequence format(
            Rendering rendering,
            CharSequence format,
            List<@Nullable Object> positional,
            Map<String, @Nullable Object> named) {
        return new StrFormat(rendering, positional, named).run(format.toString());
    }

    private CharSequence run(String format) {
        Output out = new Output(rendering.budget());
        for (int i = 0; i < format.length(); ) {
            char c = format.charAt(i);
            boolean doubled = i + 1 < format.length() && format.charAt(i + 1) == c;
            if (c != '{' && c != '}') {
                int end = i;
                while (end < format.length() && format.charAt(end) != '{' && format.charAt(end) != '}') {
                    end++;
                }
                out.append(format.substring(i, end));
                i = end;
            } else if (doubled) {
                out.append(String.valueOf(c));
                i += 2;
            } else {
                int end = c == '{' ? format.indexOf('}', i) : -1;
                if (end < 0) {
                    throw TemplateFault.value("Single '%c' encountered in format string".formatted(c));
                }
                out.append(field(format.substring(i + 1, end)));
                i = end + 1;
            }
        }
        return out.toText();
    }

    private CharSequence field(String field) {
        Matcher parts = FIELD.matcher(field);
        if (!parts.matches()) {
            throw TemplateFault.value("expected a field such as {name!r:>8}, found {" + field + "}");
        }
        Object value = argument(parts.group(1));
        Matcher steps = STEP.matcher(parts.group(2));
        while (steps.find()) {
            String index = steps.group(2);
            value = index == null
                    ? Values.attribute(value, steps.group(1))
                    : Values.item(
                            rendering.budget(),
                            value,
                            index.matches("\\d{1,9}") ? (Object) Long.valueOf(index) : index);
        }
        if (parts.group(3) != null) {
            value = parts.group(3).equals("s")
                    ? Repr.str(rendering.budget(), value)
                    : Repr.repr(rendering.budget(), value);
        }
        String specification = parts.group(4);
        return specification == null || specification.isEmpty()
                ? Repr.str(rendering.budget(), value)
                : formatted(value, specification);
    }

    private @Nullable Object argument(String name) {
        if (!name.isEmpty() && !name.matches("\\d{1,9}")) {
            if (!named.containsKey(name)) {
                throw new TemplateFault("KeyError", "'" + name + "'");
            }
            return named.get(name);
        }
        int index = name.isEmpty() ? next++ : Integer.parseInt(name);
        if (index >= positional.size()) {
            throw new TemplateFault(
                    "IndexError", "Replacement index %d out of range for positional args tuple".formatted(index));
        }
        return positional.get(index);
    }

    private CharSequence formatted(@Nullable Object value, String specification) {
        Matcher parts = SPECIFICATION.matcher(specification);
        if (!parts.matches()) {
            throw TemplateFault.value("Invalid format specifier '" + specification + "'");
        }
        boolean number = Arithmetic.isNumber(value);
        String fill = parts.group(1) != null ? parts.group(1) : parts.group(5) != null && number ? "0" : " ";
        String align = parts.group(2) != null ? parts.group(2) : number ? (parts.group(5) != null ? "=" : ">") : "<";
        String text = number ? digits(value, parts) : str(value, parts);
        int width = parts.group(6).isEmpty() ? 0 : Integer.parseInt(parts.group(6));
        int missing = Math.max(0, width - PythonString.length(text));
        int left = align.equals("<") ? 0 : align.equals("^") ? missing / 2 : missing;
        if (align.equals("=")) {
            int sign = !text.isEmpty() && "+- ".indexOf(text.charAt(0)) >= 0 ? 1 : 0;
            return text.substring(0, sign) + fill.repeat(missing) + text.substring(sign);
        }
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    private String str(@Nullable Object value, Matcher parts) {
        String kind = parts.group(9);
        boolean plain = parts.group(3) == null && parts.group(7) == null && (kind == null || kind.equals("s"));
        if (!(value instanceof CharSequence text)) {
            throw TemplateFault.type("unsupported format string passed to " + TypeNames.of(value) + ".__format__");
        }
        if (!plain) {
            throw TemplateFault.value("a str takes fill, alignment, width and precision in a format, found others");
        }
        int most = parts.group(8) == null ? Integer.MAX_VALUE : Integer.parseInt(parts.group(8));
        String whole = text.toString();
        return PythonString.length(whole) <= most ? whole : whole.substring(0, whole.offsetByCodePoints(0, most));
    }

    private String digits(@Nullable Object value, Matcher parts) {
        String kind = parts.group(9) == null ? (value instanceof Double ? "" : "d") : parts.group(9);
        String precision = parts.group(8);
        String text =
                switch (kind) {
                    case "d", "x", "X", "o", "b" -> whole(value, kind);
                    case "f", "F", "%" -> {
                        BigDecimal exact = decimal(value);
                        int places = precision == null ? 6 : Integer.parseInt(precision);
                        BigDecimal shown = kind.equals("%") ? exact.movePointRight(2) : exact;
                        yield shown.setScale(places, RoundingMode.HALF_EVEN).toPlainString()
                                + (kind.equals("%") ? "%" : "");
                    }
                    case "e", "E" ->
                        String.format(
                                Locale.ROOT,
                                "%." + (precision == null ? "6" : precision) + kind,
                                Arithmetic.real(value));
                    case "" -> {
                        if (precision != null) {
                            throw TemplateFault.value("a precision expects the kind f, e or %");
                        }
                        yield Repr.str(rendering.budget(), value).toString();
                    }
                    default ->
                        throw TemplateFault.value("Unknown format code '%s' for object of type '%s'"
                                .formatted(kind, TypeNames.of(value)));
                };
        boolean negative = text.startsWith("-");
        String size = negative ? text.substring(1) : text;
        if (parts.group(7) != null) {
            int end = 0;
            while (end < size.length() && Character.isDigit(size.charAt(end))) {
                end++;
            }
            size = size.substring(0, end).replaceAll("(?<=\\d)(?=(\\d{3})+$)", parts.group(7)) + size.substring(end);
        }
        String sign = negative ? "-" : parts.group(3) == null || parts.group(3).equals("-") ? "" : parts.group(3);
        return sign + size;
    }

    private static String whole(@Nullable Object value, String kind) {
        if (value instanceof Double) {
            throw TemplateFault.value("Unknown format code '%s' for object of type 'float'".formatted(kind));
        }
        BigInteger integer = Arithmetic.integer(value);
        String text = integer.toString(kind.equals("d") ? 10 : kind.equals("o") ? 8 : kind.equals("b") ? 2 : 16);
        return kind.equals("X") ? text.toUpperCase(Locale.ROOT) : text;
    }

    private static BigDecimal decimal(@Nullable Object value) {
        if (value instanceof Double number && (number.isNaN() || number.isInfinite())) {
            throw TemplateFault.value("expected a finite number to format, found " + number);
        }
        return value instanceof Double number ? new BigDecimal(number) : new BigDecimal(Arithmetic.integer(value));
    }
}
