package dev.chaku.internal.schema;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A type whose values are one text, number or truth value of JSON.
 *
 * @param schema of its values; texts that its reader would refuse are none of them
 * @param reader makes one of what JSON says: a String, BigDecimal or Boolean; throws RuntimeException if it is none
 */
record ScalarType(Map<String, Object> schema, Function<Object, Object> reader) {
    private static final String TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?";
    private static final String OFFSET = "(Z|[+-](0[0-9]|1[0-7]):[0-5][0-9])";
    private static final String DATE = "([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
            + "|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
            + "|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)";
    /** Those that Java's URI takes: it has rules of its own. */
    private static final String URIS = "[A-Za-z][A-Za-z0-9+.-]*:"
            + "(//[A-Za-z0-9]+(-[A-Za-z0-9]+)*(\\.[A-Za-z][A-Za-z0-9]*)*(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?"
            + "|[A-Za-z0-9._~-][A-Za-z0-9._~!$&'()*+,;=:@/-]*)(\\?[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?(#[A-Za-z0-9._~/?-]*)?";

    private static final Map<Class<?>, ScalarType> ALL = all();

    static @Nullable ScalarType of(Class<?> type) {
        return ALL.get(type);
    }

    private static Map<Class<?>, ScalarType> all() {
        Map<Class<?>, ScalarType> all = new HashMap<>();
        all.put(String.class, new ScalarType(type("string"), String.class::cast));
        both(all, boolean.class, Boolean.class, type("boolean"), Boolean.class::cast);
        whole(all, byte.class, Byte.class, Byte.MIN_VALUE, Byte.MAX_VALUE, BigDecimal::byteValueExact);
        whole(all, short.class, Short.class, Short.MIN_VALUE, Short.MAX_VALUE, BigDecimal::shortValueExact);
        whole(all, int.class, Integer.class, Integer.MIN_VALUE, Integer.MAX_VALUE, BigDecimal::intValueExact);
        whole(all, long.class, Long.class, Long.MIN_VALUE, Long.MAX_VALUE, BigDecimal::longValueExact);
        both(all, float.class, Float.class, type("number"), value -> ((BigDecimal) value).floatValue());
        both(all, double.class, Double.class, type("number"), value -> ((BigDecimal) value).doubleValue());
        all.put(BigDecimal.class, new ScalarType(type("number"), BigDecimal.class::cast));
        all.put(BigInteger.class, new ScalarType(type("integer"), value -> ((BigDecimal) value).toBigIntegerExact()));
        text(all, LocalDate.class, "format", "date", LocalDate::parse);
        text(all, LocalTime.class, "pattern", "^" + TIME + "$", LocalTime::parse);
        String dated = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T" + TIME;
        all.put(
                LocalDateTime.class,
                new ScalarType(
                        fields("string", "pattern", "^" + DATE + "T" + TIME + "$"),
                        value -> LocalDateTime.parse((String) value)));
        all.put(
                OffsetDateTime.class,
                new ScalarType(
                        fields("string", "format", "date-time", "pattern", dated + OFFSET + "$"),
                        value -> OffsetDateTime.parse((String) value)));
        all.put(
                Instant.class,
                new ScalarType(
                        fields("string", "format", "date-time", "pattern", dated + "Z$"),
                        value -> Instant.parse((String) value)));
        text(
                all,
                Duration.class,
                "pattern",
                "^P([0-9]{1,6}D(T([0-9]{1,6}H)?([0-9]{1,6}M)?[0-9]{1,6}(\\.[0-9]{1,9})?S)?"
                        + "|T([0-9]{1,6}H([0-9]{1,6}M)?|[0-9]{1,6}M|([0-9]{1,6}H)?([0-9]{1,6}M)?[0-9]{1,6}(\\.[0-9]{1,9})?S))$",
                Duration::parse);
        text(all, UUID.class, "format", "uuid", UUID::fromString);
        text(all, URI.class, "pattern", "^" + URIS + "$", URI::create);
        return all;
    }

    private static Map<String, Object> type(String name) {
        return fields(name);
    }

    private static Map<String, Object> fields(String type, Object... more) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("type", type);
        for (int i = 0; i < more.length; i += 2) {
            fields.put((String) more[i], more[i + 1]);
        }
        return fields;
    }

    private static void both(
            Map<Class<?>, ScalarType> all,
            Class<?> primitive,
            Class<?> boxed,
            Map<String, Object> schema,
            Function<Object, Object> reader) {
        all.put(primitive, new ScalarType(schema, reader));
        all.put(boxed, new ScalarType(schema, reader));
    }

    private static void whole(
            Map<Class<?>, ScalarType> all,
            Class<?> primitive,
            Class<?> boxed,
            long minimum,
            long maximum,
            Function<BigDecimal, Object> reader) {
        both(
                all,
                primitive,
                boxed,
                fields("integer", "minimum", minimum, "maximum", maximum),
                value -> reader.apply((BigDecimal) value));
    }

    private static void text(
            Map<Class<?>, ScalarType> all, Class<?> type, String key, String value, Function<String, Object> reader) {
        all.put(type, new ScalarType(fields("string", key, value), text -> reader.apply((String) text)));
    }
}
