package dev.chaku.chat;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.json.JsonTree;
import dev.chaku.internal.schema.RecordSchema;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A function that a model may call. Immutable.
 *
 * @param name letters, digits, {@code _}, {@code -} and {@code .}, at most 64
 * @param description what it does, for the model; empty for none
 * @param schema of its arguments: a JSON Schema of an object. What cannot be enforced is refused when a model is to
 *     write a call
 */
public record Tool(String name, String description, String schema) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

    public Tool {
        Objects.requireNonNull(description, "description");
        if (!NAME.matcher(name).matches()) {
            throw BadInputException.ofSetting(
                    "name of a tool", "1 to 64 letters, digits, _, - and .", "'" + name + "'");
        }
        if (!(JsonTree.parse("tool " + name, schema) instanceof Map<?, ?>)) {
            throw BadInputException.ofSetting("tool " + name, "a JSON Schema of an object", schema);
        }
    }

    /**
     * {@return a tool whose arguments are the components of a record} It is called by the record's name in small
     * letters with {@code _} between words, {@code GetWeather} as {@code get_weather}; {@link Description} says what it
     * and its arguments are. Components are what {@link dev.chaku.Chat#ask(String, Class)} takes.
     *
     * @param type the record's class, public in a package that its module exports, or one that it opens to
     *     {@code dev.chaku}
     * @throws BadInputException if a component is of a type that JSON has no values for
     */
    public static Tool of(Class<? extends Record> type) {
        Description described = type.getAnnotation(Description.class);
        return new Tool(
                RecordSchema.snake(type.getSimpleName()),
                described == null ? "" : described.value(),
                JavaSchema.of(type));
    }

    /** {@return the schema as maps and lists} */
    @SuppressWarnings("unchecked") // A JSON object has strings for keys.
    public Map<String, Object> schemaValues() {
        return (Map<String, Object>) Objects.requireNonNull(JsonTree.parse("tool " + name, schema));
    }
}
