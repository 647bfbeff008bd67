package dev.chaku.text.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's {@code format % arguments} for the conversions {@code %s %r %d %i %f %x} and {@code %%}. */
final class PercentFormat {
    private static final int MAX_WIDTH = 1000;

    private PercentFormat() {}

    static CharSequence format(Budget budget, CharSequence format, @Nullable Object arguments) {
        List<@Nullable Object> values =
                arguments instanceof Tuple tuple ? tuple.items() : java.util.Collections.singletonList(arguments);
        Output out = new Output(budget);
        int used = 0;
        int i = 0;
        while (i < format.length()) {
            char c = format.charAt(i);
            if (c != '%') {
                int end = format.toString().indexOf('%', i);
                end = end < 0 ? format.length() : end;
                out.append(Text.slice(format, i, end));
                i = end;
                continue;
            }
            int end = i + 1;
            if (end < format.length() && format.charAt(end) == '(' && arguments instanceof Map<?, ?> map) {
                int close = format.toString().indexOf(')', end);
                if (close < 0) {
                    throw TemplateFault.value("incomplete format key");
                }
                String key = format.toString().substring(end + 1, close);
                if (!map.containsKey(key)) {
                    throw new TemplateFault("KeyError", "'" + key + "'");
                }
                values = java.util.Collections.singletonList(map.get(key));
                used = 0;
                end = close + 1;
            }
            int flags = end;
            while (end < format.length() && "-+ 0123456789.".indexOf(format.charAt(end)) >= 0) {
                end++;
            }
            if (end == format.length()) {
                throw TemplateFault.value("incomplete format");
            }
            if (format.charAt(end) == '%') {
                out.append("%");
            } else if (used == values.size()) {
                throw TemplateFault.type("not enough arguments for format string");
            } else {
                out.append(convert(
                        budget, format.toString().substring(flags, end), format.charAt(end), values.get(used++)));
            }
            i = end + 1;
        }
        boolean indexed = arguments instanceof Map || arguments instanceof List || arguments instanceof Undefined;
        if (used < values.size() && !indexed) {
            throw TemplateFault.type("not all arguments converted during string formatting");
        }
        return out.toText();
    }

    private static CharSequence convert(Budget budget, String flags, char conversion, @Nullable Object value) {
        for (String number : flags.split("[^0-9]+")) {
            if (number.length() > 4 || (!number.isEmpty() && Integer.parseInt(number) > MAX_WIDTH)) {
                throw TemplateFault.limit("a format width of more than %d".formatted(MAX_WIDTH));
            }
        }
        if (conversion == 's' && flags.isEmpty()) {
            return Repr.str(budget, value);
        }
        boolean numeric = conversion != 's' && conversion != 'r';
        if (numeric && !Arithmetic.isNumber(value)) {
            throw TemplateFault.type(
                    "%%%c format: a real number is required, not %s".formatted(conversion, TypeNames.of(value)));
        }
        try {
            return switch (conversion) {
                case 's' -> ("%" + flags + "s").formatted(Repr.str(budget, value));
                case 'r' -> ("%" + flags + "s").formatted(Repr.repr(budget, value));
                case 'd', 'i' ->
                    ("%" + flags + "d")
                            .formatted(
                                    value instanceof Double number
                                            ? (Object) number.longValue()
                                            : Arithmetic.integer(value));
                case 'f' -> String.format(java.util.Locale.ROOT, "%" + flags + "f", Arithmetic.real(value));
                case 'x' -> ("%" + flags + "x").formatted(Arithmetic.integer(value));
                default -> throw TemplateFault.value("unsupported format character '%c'".formatted(conversion));
            };
        } catch (java.util.IllegalFormatException e) {
            throw TemplateFault.value("unsupported format '%%%s%c'".formatted(flags, conversion));
        }
    }
}
