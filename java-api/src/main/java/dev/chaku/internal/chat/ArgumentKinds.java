package dev.chaku.internal.chat;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.json.JsonText;
import dev.chaku.internal.json.JsonTree;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What an argument that stands without quotes is, by the schema of its tool. */
final class ArgumentKinds {
    private ArgumentKinds() {}

    /** The types that a schema lets an argument have; null where it does not say. */
    static @Nullable Set<String> of(Map<String, Object> schema, String key) {
        if (!(schema.get("properties") instanceof Map<?, ?> properties)
                || !(properties.get(key) instanceof Map<?, ?> property)) {
            return null;
        }
        Object type = property.get("type");
        Set<String> kinds = new LinkedHashSet<>();
        if (type instanceof String one) {
            kinds.add(one);
        } else if (type instanceof List<?> several) {
            several.forEach(one -> kinds.add(String.valueOf(one)));
        } else if (property.get("enum") instanceof List<?> values
                && values.stream().allMatch(String.class::isInstance)) {
            kinds.add("string");
        }
        return kinds.isEmpty() ? null : kinds;
    }

    /** A value as JSON: what it is by the types that it may have, a string where it is nothing else. */
    static String json(String value, @Nullable Set<String> kinds) {
        String stripped = value.strip();
        String known =
                switch (stripped) {
                    case "True" -> "true";
                    case "False" -> "false";
                    case "None" -> "null";
                    default -> stripped;
                };
        try {
            Object tree = JsonTree.parse("value", known);
            boolean isText = tree instanceof String;
            boolean wanted = kinds == null || !kinds.contains("string") || has(kinds, tree);
            if (!isText && wanted) {
                return known;
            }
        } catch (BadInputException e) {
            // It is a text.
        }
        return JsonText.of(value);
    }

    private static boolean has(Set<String> kinds, @Nullable Object value) {
        if (value == null) {
            return kinds.contains("null");
        } else if (value instanceof Map) {
            return kinds.contains("object");
        } else if (value instanceof List) {
            return kinds.contains("array");
        }
        return value instanceof Boolean
                ? kinds.contains("boolean")
                : kinds.contains("number") || kinds.contains("integer");
    }
}
