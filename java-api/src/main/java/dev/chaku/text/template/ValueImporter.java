package dev.chaku.text.template;

import dev.chaku.errors.BadInputException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Lets values from outside into a template: copies of plain data, nothing else. */
final class ValueImporter {
    private static final int MAX_NESTING = 200;

    private ValueImporter() {}

    /** @param where what an error calls the value */
    static @Nullable Object take(@Nullable Object value, String where) {
        return take(value, where, 0);
    }

    private static @Nullable Object take(@Nullable Object value, String where, int level) {
        if (level > MAX_NESTING) {
            throw new BadInputException("%s: data nested deeper than %d levels".formatted(where, MAX_NESTING));
        }
        if (value instanceof CharSequence text) {
            return text.toString();
        }
        if (value == null || value instanceof Boolean || value instanceof Long || value instanceof Double) {
            return value;
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
            map.forEach((key, entry) -> {
                if (!(key instanceof String name)) {
                    throw new BadInputException(
                            "%s: expected keys of type String, found %s".formatted(where, kind(key)));
                }
                copy.put(name, take(entry, where, level + 1));
            });
            return copy;
        }
        if (value instanceof Iterable<?> items) {
            List<@Nullable Object> copy = new ArrayList<>();
            items.forEach(item -> copy.add(take(item, where, level + 1)));
            return copy;
        }
        if (value instanceof BigInteger big) {
            return Arithmetic.normalize(big);
        }
        if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        if (value instanceof Float || value instanceof BigDecimal) {
            return ((Number) value).doubleValue();
        }
        throw new BadInputException(
                "%s: expected a Map, List, String, number, Boolean or null, found %s".formatted(where, kind(value)));
    }

    private static String kind(@Nullable Object value) {
        return value == null ? "null" : value.getClass().getName();
    }
}
