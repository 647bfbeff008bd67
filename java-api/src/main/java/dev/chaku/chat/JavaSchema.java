package dev.chaku.chat;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.json.JsonText;
import dev.chaku.internal.json.JsonTree;
import dev.chaku.internal.schema.RecordSchema;
import dev.chaku.internal.schema.RecordValues;

/**
 * Types of Java as JSON Schemas, and JSON as their values. Thread-safe.
 *
 * <p>A type is a record, or a sealed interface of records, made of: {@code String}, {@code boolean}, {@code byte} to
 * {@code long}, {@code float}, {@code double}, {@code BigInteger}, {@code BigDecimal}, enums, {@code LocalDate},
 * {@code LocalTime}, {@code LocalDateTime}, {@code OffsetDateTime}, {@code Instant}, {@code Duration}, {@code UUID},
 * {@code URI}, {@code List}, {@code Map} by strings, {@code Optional}, records and sealed interfaces of records;
 * records may hold themselves. An {@code Optional} may be missing, all else must be there and is never null. A record
 * of a sealed interface has its simple name under {@code "type"}.
 *
 * <p>Nothing private is touched: records are made by their canonical constructor and read by their accessors. So they
 * are public in a package that their module exports, or their module opens the package to {@code dev.chaku}; on the
 * class path any record will do.
 */
public final class JavaSchema {
    private JavaSchema() {}

    /**
     * {@return the JSON Schema of a type; {@link Description} says what it and its components are}
     *
     * @param type a record or a sealed interface of records
     * @throws BadInputException if a component is of another type than those above; the message names it
     */
    public static String of(Class<?> type) {
        return RecordSchema.of(type, element -> {
            Description described = element.getAnnotation(Description.class);
            return described == null ? "" : described.value();
        });
    }

    /**
     * {@return the value that JSON says}
     *
     * @param json that is valid by {@link #of}
     * @param type the same type
     * @param <T> the type
     * @throws BadInputException if it is not valid, the record refuses it, or cannot be made from here; the message
     *     names the place in the JSON
     */
    public static <T> T read(String json, Class<T> type) {
        return type.cast(RecordValues.read(type, JsonTree.parse("answer", json)));
    }

    /**
     * {@return a value as JSON, as {@link #read} takes it}
     *
     * @param value of such a type
     * @throws BadInputException if it is of another, or cannot be read from here
     */
    public static String write(Object value) {
        return JsonText.of(RecordValues.plain(value));
    }
}
