package dev.chaku.internal.schema;

import dev.chaku.errors.BadInputException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A type of Java that has values in JSON.
 *
 * @param raw its class
 * @param element of a list, map or Optional; null for others
 * @param scalar what it is if JSON has it as one text, number or truth value; null for others
 */
record ValueType(
        Class<?> raw, @Nullable Type element, @Nullable ScalarType scalar) {

    /** @throws BadInputException if JSON has no values of it; the message names the place */
    static ValueType of(Type type, String where) {
        if (type instanceof ParameterizedType generic && generic.getRawType() instanceof Class<?> raw) {
            Type[] arguments = generic.getActualTypeArguments();
            boolean keyed = raw == Map.class && arguments[0] == String.class;
            if (keyed || raw == List.class || raw == Optional.class) {
                return new ValueType(raw, arguments[arguments.length - 1], null);
            }
        } else if (type instanceof Class<?> plain) {
            ScalarType scalar = ScalarType.of(plain);
            if (scalar != null || plain.isRecord() || plain.isEnum() || plain.isSealed()) {
                return new ValueType(plain, null, scalar);
            }
        }
        throw BadInputException.ofSetting(
                where,
                "a type that JSON has values of (a record, sealed interface, enum, List, Map by String, Optional, text,"
                        + " number, truth value or time)",
                type.getTypeName());
    }

    boolean isOptional() {
        return raw == Optional.class;
    }
}
