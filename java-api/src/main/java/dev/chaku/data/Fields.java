package dev.chaku.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Access to the fields of a record; what is missing or of another kind is a fault that names it. */
final class Fields {
    /** Keys of a record that a message names. */
    private static final int KEYS_TOLD = 8;

    private Fields() {}

    static String text(Map<?, ?> record, String key) throws RecordFault {
        if (record.get(key) instanceof String text) {
            return PlainValue.whole(text, key);
        }
        throw new RecordFault("expected a string as '" + key + "', found " + found(record, key));
    }

    /** The first of the keys that the record has, else the first of all. */
    static String firstKey(Map<?, ?> record, String... keys) {
        for (String key : keys) {
            if (record.containsKey(key)) {
                return key;
            }
        }
        return keys[0];
    }

    /** The text, or empty if the field is absent, null or no text. */
    static String textOrEmpty(Map<?, ?> record, String key) {
        return record.get(key) instanceof String text ? text : "";
    }

    static List<Map<?, ?>> objects(Map<?, ?> record, String key) throws RecordFault {
        if (!(record.get(key) instanceof List<?> list)) {
            throw new RecordFault("expected an array as '" + key + "', found " + found(record, key));
        }
        List<Map<?, ?>> objects = new ArrayList<>();
        for (Object entry : list) {
            if (!(entry instanceof Map<?, ?> map)) {
                throw new RecordFault(key + "[" + objects.size() + "]: expected an object, found " + kind(entry));
            }
            objects.add(map);
        }
        return objects;
    }

    /** Integers; truth values, as masks may have them, are 0 and 1. */
    static List<Integer> integers(Map<?, ?> record, String key) throws RecordFault {
        if (!(record.get(key) instanceof List<?> list)) {
            throw new RecordFault("expected an array as '" + key + "', found " + found(record, key));
        }
        List<Integer> integers = new ArrayList<>();
        for (Object value : list) {
            Object entry = value instanceof Boolean truth ? (Object) (truth ? 1L : 0L) : value;
            if (!(entry instanceof Long number) || number != number.intValue()) {
                throw new RecordFault(key + "[" + integers.size() + "]: expected a 32-bit integer, found " + entry);
            }
            integers.add(number.intValue());
        }
        return integers;
    }

    static String found(Map<?, ?> record, String key) {
        if (record.get(key) != null) {
            return kind(record.get(key));
        }
        List<String> keys =
                record.keySet().stream().limit(KEYS_TOLD).map(String::valueOf).toList();
        return "none"
                + (keys.isEmpty()
                        ? ""
                        : " in [" + String.join(", ", keys) + (record.size() > KEYS_TOLD ? ", …" : "") + "]");
    }

    static String kind(@Nullable Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof Map) {
            return "an object";
        }
        if (value instanceof List) {
            return "an array";
        }
        return value instanceof String ? "a string" : value instanceof Boolean ? "a truth value" : "a number";
    }
}
