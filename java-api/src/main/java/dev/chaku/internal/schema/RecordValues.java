package dev.chaku.internal.schema;

import dev.chaku.errors.BadInputException;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes values of Java of plain ones as JSON has them, and the other way round. Records are made by their canonical
 * constructor and read by their accessors.
 */
public final class RecordValues {
    private RecordValues() {}

    /**
     * The value that JSON says.
     *
     * @param value maps, lists, strings, BigDecimal, booleans and null
     * @throws BadInputException if it is none of the type, or a record cannot be made; the message names the place
     */
    public static Object read(Type type, @Nullable Object value) {
        return read(type, value, "answer");
    }

    private static Object read(Type type, @Nullable Object value, String where) {
        ValueType wanted = ValueType.of(type, where);
        if (wanted.isOptional()) {
            return value == null ? Optional.empty() : Optional.of(read(wanted.element(), value, where));
        }
        if (value == null) {
            throw BadInputException.ofSetting(where, "a value", "none");
        }
        Class<?> raw = wanted.raw();
        try {
            if (wanted.scalar() != null) {
                return wanted.scalar().reader().apply(value);
            } else if (raw.isEnum()) {
                return constant(raw, (String) value);
            } else if (raw == List.class) {
                List<Object> list = new ArrayList<>();
                for (Object element : (List<?>) value) {
                    list.add(read(wanted.element(), element, where + "[" + list.size() + "]"));
                }
                return List.copyOf(list);
            }
            Map<?, ?> map = (Map<?, ?>) value;
            if (raw == Map.class) {
                Map<Object, Object> copy = new LinkedHashMap<>();
                map.forEach((key, each) -> copy.put(key, read(wanted.element(), each, where + "." + key)));
                return copy;
            }
            return record(raw.isRecord() ? raw : kindOf(raw, map, where), map, where);
        } catch (ClassCastException | ArithmeticException | IllegalArgumentException | java.time.DateTimeException e) {
            throw BadInputException.ofSetting(where, "a value of " + type.getTypeName(), value);
        }
    }

    private static Object constant(Class<?> type, String name) {
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> ((Enum<?>) constant).name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name));
    }

    private static Class<?> kindOf(Class<?> sealed, Map<?, ?> map, String where) {
        return records(sealed, where).stream()
                .filter(option -> option.getSimpleName().equals(map.get(RecordSchema.KIND)))
                .findFirst()
                .orElseThrow(() -> BadInputException.ofSetting(
                        where + "." + RecordSchema.KIND,
                        "a record of " + sealed.getName(),
                        map.get(RecordSchema.KIND)));
    }

    /** The records of a sealed interface, those of sealed interfaces within it too. */
    static List<Class<?>> records(Class<?> sealed, String where) {
        List<Class<?>> all = new ArrayList<>();
        for (Class<?> option : sealed.getPermittedSubclasses()) {
            if (option.isRecord()) {
                all.add(option);
            } else if (option.isSealed()) {
                all.addAll(records(option, where));
            } else {
                throw BadInputException.ofSetting(where, "a sealed interface of records alone", option.getName());
            }
        }
        return all;
    }

    private static Object record(Class<?> type, Map<?, ?> map, String where) {
        RecordComponent[] components = type.getRecordComponents();
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            String name = components[i].getName();
            values[i] = read(components[i].getGenericType(), map.get(name), where + "." + name);
        }
        try {
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            open(constructor, type);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw new BadInputException(
                    where + ": " + type.getName() + " refuses what the model wrote: "
                            + e.getCause().getMessage(),
                    e.getCause());
        } catch (ReflectiveOperationException e) {
            throw closed(type);
        }
    }

    /**
     * A value as JSON has it: maps, lists, strings, numbers, booleans and null.
     *
     * @throws BadInputException if it is of a type without values in JSON, or a record cannot be read
     */
    public static @Nullable Object plain(@Nullable Object value) {
        if (value == null || value instanceof Boolean || value instanceof String || isNumber(value)) {
            return value;
        } else if (value instanceof Byte || value instanceof Short) {
            return ((Number) value).intValue();
        } else if (value instanceof Optional<?> optional) {
            return plain(optional.orElse(null));
        } else if (value instanceof List<?> list) {
            List<@Nullable Object> copy = new ArrayList<>();
            list.forEach(element -> copy.add(plain(element)));
            return copy;
        } else if (value instanceof Map<?, ?> map) {
            Map<String, @Nullable Object> copy = new LinkedHashMap<>();
            map.forEach((key, each) -> copy.put(String.valueOf(key), plain(each)));
            return copy;
        } else if (value instanceof Enum<?> constant) {
            return constant.name();
        } else if (value instanceof Record record) {
            return fields(record);
        } else if (ScalarType.of(value.getClass()) != null) {
            return value.toString();
        }
        throw BadInputException.ofSetting(
                "value", "one that JSON has", value.getClass().getName());
    }

    private static boolean isNumber(Object value) {
        return value instanceof Long
                || value instanceof Integer
                || value instanceof Double
                || value instanceof Float
                || value instanceof BigDecimal
                || value instanceof BigInteger;
    }

    private static Map<String, @Nullable Object> fields(Record record) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        Class<?> type = record.getClass();
        if (Arrays.stream(type.getInterfaces()).anyMatch(Class::isSealed)) {
            fields.put(RecordSchema.KIND, type.getSimpleName());
        }
        for (RecordComponent component : type.getRecordComponents()) {
            Object value = invoke(component.getAccessor(), record);
            if (!(value instanceof Optional<?> optional && optional.isEmpty())) {
                fields.put(component.getName(), plain(value));
            }
        }
        return fields;
    }

    private static @Nullable Object invoke(Method accessor, Record record) {
        try {
            open(accessor, record.getClass());
            return accessor.invoke(record);
        } catch (InvocationTargetException e) {
            throw new BadInputException(record.getClass().getName() + "." + accessor.getName() + ": fails", e);
        } catch (ReflectiveOperationException e) {
            throw closed(record.getClass());
        }
    }

    private static void open(AccessibleObject member, Class<?> type) {
        if (!member.trySetAccessible()) {
            throw closed(type);
        }
    }

    private static BadInputException closed(Class<?> type) {
        return new BadInputException(type.getName() + ": expected a public record in a package that the module "
                + type.getModule().getName() + " exports, or opens to dev.chaku (opens " + type.getPackageName()
                + " to dev.chaku;), found one that cannot be reached");
    }
}
