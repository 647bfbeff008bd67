package dev.chaku.chat;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.json.JsonTree;
import dev.chaku.internal.schema.RecordValues;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A call of a tool, as the model makes it. Immutable.
 *
 * @param id names the call in its result; nine letters and digits, or what the model wrote before the arguments
 * @param name of the tool
 * @param arguments a JSON object, as the model wrote it
 */
public record ToolCall(String id, String name, String arguments) {
    public ToolCall {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(arguments, "arguments");
    }

    /**
     * {@return the arguments by their names, in the order of the text: maps, lists, strings,
     * {@link java.math.BigDecimal}, booleans and null}
     *
     * @throws BadInputException if they are no JSON object, which calls that a model was made to write never are
     */
    public Map<String, Object> values() {
        if (!(JsonTree.parse("arguments of " + name, arguments) instanceof Map<?, ?> map)) {
            throw new BadInputException("arguments of " + name + ": expected a JSON object, found " + arguments);
        }
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put((String) key, value));
        return Collections.unmodifiableMap(copy);
    }

    /**
     * {@return the arguments as a record, see {@link Tool#of(Class)}}
     *
     * @param type the record's class
     * @param <T> the record
     * @throws BadInputException if they do not fit it, or it cannot be made from here
     */
    public <T extends Record> T as(Class<T> type) {
        return type.cast(RecordValues.read(type, JsonTree.parse("arguments of " + name, arguments)));
    }
}
