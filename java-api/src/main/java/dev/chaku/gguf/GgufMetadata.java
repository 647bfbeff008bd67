package dev.chaku.gguf;

import dev.chaku.errors.BadInputException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The key values of a file, in its order, with typed access. Immutable and thread-safe.
 *
 * <p>{@code find…} gives nothing when the key is absent and {@code require…} throws; both throw
 * {@link BadInputException}, naming the source, the key, what was expected and what was found, when the value has
 * another type or is out of range. Any integer type serves as an integer, any number as a floating-point number.
 */
public final class GgufMetadata {
    private final String source;
    private final Map<String, GgufValue> values;

    /**
     * @param source what messages call it: a file's path, as a rule
     * @param values key values; copied, in their order
     */
    public GgufMetadata(String source, Map<String, GgufValue> values) {
        this.source = source;
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** {@return what messages call these metadata} */
    public String source() {
        return source;
    }

    /** {@return all key values in the file's order; unmodifiable} */
    public Map<String, GgufValue> asMap() {
        return values;
    }

    /**
     * {@return whether there is a key value of this key}
     *
     * @param key of the key value, case-sensitive
     */
    public boolean has(String key) {
        return values.containsKey(key);
    }

    /**
     * {@return the value of this key, of any type; empty if there is none}
     *
     * @param key of the key value, case-sensitive
     */
    public Optional<GgufValue> find(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /**
     * {@return a string; empty if there is no such key}
     *
     * @param key of the key value, case-sensitive
     */
    public Optional<String> findString(String key) {
        GgufValue value = values.get(key);
        return value == null ? Optional.empty() : Optional.of(string(key, value));
    }

    /**
     * {@return a string}
     *
     * @param key of the key value, case-sensitive
     * @throws BadInputException if there is no such key, or its value is of another type
     */
    public String requireString(String key) {
        return string(key, require(key, "a string"));
    }

    /**
     * {@return a whole number that fits 64 bits with a sign; empty if there is no such key}
     *
     * @param key of the key value, case-sensitive
     */
    public OptionalLong findLong(String key) {
        GgufValue value = values.get(key);
        return value == null
                ? OptionalLong.empty()
                : OptionalLong.of(integer(key, value, Long.MIN_VALUE, Long.MAX_VALUE));
    }

    /**
     * {@return a whole number that fits 64 bits with a sign}
     *
     * @param key of the key value, case-sensitive
     * @throws BadInputException if there is no such key, or its value is of another type
     */
    public long requireLong(String key) {
        return integer(key, require(key, "an integer"), Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /**
     * {@return an integer that fits an int}
     *
     * @param key of the key value, case-sensitive
     */
    public OptionalInt findInt(String key) {
        GgufValue value = values.get(key);
        return value == null
                ? OptionalInt.empty()
                : OptionalInt.of((int) integer(key, value, Integer.MIN_VALUE, Integer.MAX_VALUE));
    }

    /**
     * {@return an integer that fits an int}
     *
     * @param key of the key value, case-sensitive
     */
    public int requireInt(String key) {
        return (int) integer(key, require(key, "an integer"), Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /**
     * {@return any number}
     *
     * @param key of the key value, case-sensitive
     */
    public OptionalDouble findDouble(String key) {
        GgufValue value = values.get(key);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(real(key, value));
    }

    /**
     * {@return any number}
     *
     * @param key of the key value, case-sensitive
     */
    public double requireDouble(String key) {
        return real(key, require(key, "a number"));
    }

    /**
     * {@return any number, rounded to a float}
     *
     * @param key of the key value, case-sensitive
     */
    public float requireFloat(String key) {
        return (float) requireDouble(key);
    }

    /**
     * {@return a truth value; empty if there is no such key}
     *
     * @param key of the key value, case-sensitive
     */
    public Optional<Boolean> findBool(String key) {
        GgufValue value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof GgufValue.Bool bool) {
            return Optional.of(bool.value());
        }
        throw mismatch(key, "a bool", value);
    }

    /**
     * {@return an array of strings; empty if there is no such key}
     *
     * @param key of the key value, case-sensitive
     */
    public Optional<GgufArray.Strings> findStrings(String key) {
        GgufValue value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof GgufArray.Strings strings) {
            return Optional.of(strings);
        }
        throw mismatch(key, "an array of string", value);
    }

    /**
     * {@return an array of strings}
     *
     * @param key of the key value, case-sensitive
     * @throws BadInputException if there is no such key, or its value is of another type
     */
    public GgufArray.Strings requireStrings(String key) {
        require(key, "an array of string");
        return findStrings(key).orElseThrow();
    }

    /**
     * {@return an array of integers, floating-point numbers or truth values}
     *
     * @param key of the key value, case-sensitive
     */
    public Optional<GgufArray.Numbers> findNumbers(String key) {
        GgufValue value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value instanceof GgufArray.Numbers numbers) {
            return Optional.of(numbers);
        }
        throw mismatch(key, "an array of numbers", value);
    }

    /**
     * {@return an array of integers, floating-point numbers or truth values}
     *
     * @param key of the key value, case-sensitive
     */
    public GgufArray.Numbers requireNumbers(String key) {
        require(key, "an array of numbers");
        return findNumbers(key).orElseThrow();
    }

    private GgufValue require(String key, String expected) {
        GgufValue value = values.get(key);
        if (value == null) {
            throw mismatch(key, expected, null);
        }
        return value;
    }

    private String string(String key, GgufValue value) {
        if (value instanceof GgufValue.Text text) {
            return text.value();
        }
        throw mismatch(key, "a string", value);
    }

    private long integer(String key, GgufValue value, long least, long most) {
        if (value instanceof GgufValue.Int number) {
            if (number.fitsLong() && number.bits() >= least && number.bits() <= most) {
                return number.bits();
            }
            throw mismatch(key, "an integer from " + least + " to " + most, value);
        }
        throw mismatch(key, "an integer", value);
    }

    private double real(String key, GgufValue value) {
        if (value instanceof GgufValue.Real number) {
            return number.value();
        }
        if (value instanceof GgufValue.Int number && number.fitsLong()) {
            return number.bits();
        }
        throw mismatch(key, "a number", value);
    }

    private BadInputException mismatch(String key, String expected, @Nullable GgufValue found) {
        return new BadInputException(source + ": metadata key '" + key + "' expects " + expected + ", found "
                + (found == null ? "no such key" : found.describe()));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GgufMetadata metadata && values.equals(metadata.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return source + ": " + values.size() + " keys";
    }
}
