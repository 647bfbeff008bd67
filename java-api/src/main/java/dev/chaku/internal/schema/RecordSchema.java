package dev.chaku.internal.schema;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.json.JsonText;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** Makes the JSON Schema of a type of Java; records and sealed interfaces are definitions of it. Used once. */
public final class RecordSchema {
    /** Under what a record of a sealed interface has its name. */
    static final String KIND = "type";

    private final Function<AnnotatedElement, String> described;
    private final Map<String, Object> definitions = new LinkedHashMap<>();
    private final Map<Class<?>, String> names = new LinkedHashMap<>();

    private RecordSchema(Function<AnnotatedElement, String> described) {
        this.described = described;
    }

    /**
     * The schema, as JSON.
     *
     * @param described says what a class or component is, empty for nothing
     * @throws BadInputException if there is a type that JSON has no values for; the message names it
     */
    public static String of(Class<?> type, Function<AnnotatedElement, String> described) {
        if (!type.isRecord() && !type.isSealed()) {
            throw BadInputException.ofSetting(
                    "type of an answer", "a record or a sealed interface of records", type.getName());
        }
        RecordSchema made = new RecordSchema(described);
        Map<String, Object> schema = new LinkedHashMap<>(made.schema(type, type.getSimpleName()));
        if (made.definitions.size() == 1 && !JsonText.of(made.definitions).contains("\"#/$defs/")) {
            return JsonText.of(made.definitions.values().iterator().next());
        }
        schema.put("$defs", made.definitions);
        return JsonText.of(schema);
    }

    /** Words of a name in small letters, {@code _} between them. */
    public static String snake(String name) {
        return name.replaceAll("([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", "$1$3_$2")
                .toLowerCase(Locale.ROOT);
    }

    /** The schema of a method's arguments, by their names. */
    public static String ofArguments(
            Map<String, Type> arguments,
            Map<String, String> descriptions,
            String where,
            Function<AnnotatedElement, String> described) {
        RecordSchema made = new RecordSchema(described);
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>();
        arguments.forEach((name, type) -> {
            properties.put(name, made.property(type, descriptions.getOrDefault(name, ""), where + "." + name));
            if (!ValueType.of(type, where).isOptional()) {
                required.add(name);
            }
        });
        Map<String, Object> schema = object(properties, required);
        if (!made.definitions.isEmpty()) {
            schema.put("$defs", made.definitions);
        }
        return JsonText.of(schema);
    }

    private static Map<String, Object> object(Map<String, Object> properties, List<String> required) {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", properties);
        schema.put("required", required);
        schema.put("additionalProperties", false);
        return schema;
    }

    private Map<String, Object> property(Type type, String description, String where) {
        Map<String, Object> schema = schema(type, where);
        if (!description.isEmpty()) {
            schema = new LinkedHashMap<>(schema);
            schema.put("description", description);
        }
        return schema;
    }

    private Map<String, Object> schema(Type type, String where) {
        ValueType value = ValueType.of(type, where);
        if (value.scalar() != null) {
            return value.scalar().schema();
        }
        Class<?> raw = value.raw();
        if (value.isOptional()) {
            return schema(value.element(), where);
        } else if (raw == List.class) {
            return new LinkedHashMap<>(Map.of("type", "array", "items", schema(value.element(), where + "[]")));
        } else if (raw == Map.class) {
            return new LinkedHashMap<>(
                    Map.of("type", "object", "additionalProperties", schema(value.element(), where + "{}")));
        } else if (raw.isEnum()) {
            List<Object> constants = Arrays.stream(raw.getEnumConstants())
                    .<Object>map(constant -> ((Enum<?>) constant).name())
                    .toList();
            return new LinkedHashMap<>(Map.of("enum", constants));
        }
        return reference(raw, where);
    }

    private Map<String, Object> reference(Class<?> type, String where) {
        String known = names.get(type);
        if (known == null) {
            known = type.getSimpleName();
            for (int i = 2; definitions.containsKey(known); i++) {
                known = type.getSimpleName() + i;
            }
            names.put(type, known);
            definitions.put(known, Map.of());
            definitions.put(known, type.isRecord() ? record(type, "") : sealed(type, where));
        }
        return new LinkedHashMap<>(Map.of("$ref", "#/$defs/" + known));
    }

    private Map<String, Object> record(Class<?> type, String kind) {
        Map<String, Object> properties = new LinkedHashMap<>();
        List<String> required = new ArrayList<>();
        if (!kind.isEmpty()) {
            properties.put(KIND, Map.of("const", kind));
            required.add(KIND);
        }
        for (RecordComponent component : type.getRecordComponents()) {
            String where = type.getSimpleName() + "." + component.getName();
            if (!kind.isEmpty() && component.getName().equals(KIND)) {
                throw BadInputException.ofSetting(
                        where, "another name, as 'type' says which record of a sealed interface it is", KIND);
            }
            properties.put(
                    component.getName(), property(component.getGenericType(), described.apply(component), where));
            if (!ValueType.of(component.getGenericType(), where).isOptional()) {
                required.add(component.getName());
            }
        }
        Map<String, Object> schema = object(properties, required);
        String words = described.apply(type);
        if (!words.isEmpty()) {
            schema.put("description", words);
        }
        return schema;
    }

    private Map<String, Object> sealed(Class<?> type, String where) {
        List<Object> options = new ArrayList<>();
        for (Class<?> option : RecordValues.records(type, where)) {
            options.add(record(option, option.getSimpleName()));
        }
        Map<String, Object> schema = new LinkedHashMap<>(Map.of("oneOf", options));
        String words = described.apply(type);
        if (!words.isEmpty()) {
            schema.put("description", words);
        }
        return schema;
    }
}
