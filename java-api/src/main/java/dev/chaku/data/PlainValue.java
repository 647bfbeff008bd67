package dev.chaku.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Values of plain Java, as JSON has them: Map, List, String, Number, Boolean and null.
 *
 * <p>A key whose value is null counts as absent. Writers with one schema for all records (Arrow, Parquet) give every
 * record every key that any has, while chat templates ask whether a key is there. Nulls in lists stay.
 */
final class PlainValue {
    /** What a call of a tool passes: null there is what the model says, not a schema's filling. */
    private static final String ARGUMENTS = "arguments";

    private PlainValue() {}

    /** The value without the keys that have null, at any depth; the same value where there is none. */
    static @Nullable Object withoutNulls(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return withoutNulls(map);
        }
        if (!(value instanceof List<?> list)) {
            return value;
        }
        List<@Nullable Object> copy = new ArrayList<>(list.size());
        boolean changed = false;
        for (Object element : list) {
            Object kept = withoutNulls(element);
            changed |= kept != element;
            copy.add(kept);
        }
        return changed ? copy : list;
    }

    /** The map without the keys that have null, at any depth; the same map where there is none. */
    static Map<?, ?> withoutNulls(Map<?, ?> map) {
        Map<Object, @Nullable Object> copy = new LinkedHashMap<>();
        boolean changed = false;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            Object kept = withoutNulls(entry.getValue());
            changed |= kept != entry.getValue() || kept == null;
            if (kept != null) {
                copy.put(entry.getKey(), kept);
            }
        }
        return changed ? copy : map;
    }

    /**
     * A copy at any depth, which nobody can change, without the keys that have null. Arguments of a tool's call keep
     * theirs.
     *
     * @param where the value stands, for messages
     * @throws RecordFault for a key that is no string, a value that JSON has not, or half a character
     */
    static @Nullable Object copy(@Nullable Object value, String where) throws RecordFault {
        return copy(value, where, false);
    }

    private static @Nullable Object copy(@Nullable Object value, String where, boolean nulls) throws RecordFault {
        if (value instanceof String text) {
            return whole(text, where);
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> copy = new LinkedHashMap<>();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                if (!(entry.getKey() instanceof String key)) {
                    throw new RecordFault(where + ": expected a string as key, found " + entry.getKey());
                }
                if (entry.getValue() != null || nulls) {
                    String inner = where + "." + whole(key, where);
                    copy.put(key, copy(entry.getValue(), inner, nulls || key.equals(ARGUMENTS)));
                }
            }
            return Collections.unmodifiableMap(copy);
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>(list.size());
            for (Object element : list) {
                copy.add(copy(element, where + "[" + copy.size() + "]", nulls));
            }
            return Collections.unmodifiableList(copy);
        }
        if (value == null || value instanceof Boolean || value instanceof Number) {
            return value;
        }
        throw new RecordFault(where + ": expected a map, list, string, number or truth value, found a "
                + value.getClass().getName());
    }

    /**
     * The text as it is.
     *
     * @throws RecordFault if it has half of a surrogate pair, which is no character: no tokenizer has tokens for it
     */
    static String whole(String text, String where) throws RecordFault {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            boolean pair = Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            if (!pair) {
                throw new RecordFault(where + ": expected whole characters, found half of one (the lone surrogate U+"
                        + Integer.toHexString(c).toUpperCase(Locale.ROOT) + ") after " + i + " characters");
            }
            i++;
        }
        return text;
    }
}
