package dev.chaku.internal.huggingface;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.io.Json;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object in a file, with checked access: every complaint names file and key. A key whose value is null counts as
 * absent. Immutable.
 */
public final class JsonFile {
    private static final long MOST_BYTES = 256L << 20;
    private static final JsonFactory JSON = Json.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(32)
                    .maxStringLength(1 << 26)
                    .build())
            .build();

    private final Path path;
    private final String prefix;
    private final Map<String, @Nullable Object> fields;

    private JsonFile(Path path, String prefix, Map<String, @Nullable Object> fields) {
        this.path = path;
        this.prefix = prefix;
        this.fields = fields;
    }

    /** @throws BadInputException if it is missing or holds no JSON object */
    public static JsonFile read(Path path) {
        try {
            if (Files.size(path) > MOST_BYTES) {
                throw new BadInputException(
                        path + ": expected at most " + MOST_BYTES + " bytes, found " + Files.size(path));
            }
            return parse(path, Files.readAllBytes(path));
        } catch (NoSuchFileException e) {
            throw new BadInputException(path + ": expected this file, found none", e);
        } catch (IOException e) {
            throw FileFault.notRead(path, e);
        }
    }

    /**
     * An object that stands in another place than a file of its own.
     *
     * @param path what messages call it
     * @throws BadInputException if it is no JSON object
     */
    public static JsonFile parse(Path path, String text) {
        try {
            return parse(path, text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw FileFault.notRead(path, e);
        }
    }

    private static JsonFile parse(Path path, byte[] text) throws IOException {
        try (JsonParser json = JSON.createParser(text)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new BadInputException(path + ": expected a JSON object, found "
                        + (json.currentToken() == null ? "nothing" : "another value"));
            }
            return new JsonFile(path, "", object(json));
        }
    }

    /** An object without keys in place of a file that may be absent. */
    public static JsonFile readIfPresent(Path path) {
        return Files.exists(path) ? read(path) : new JsonFile(path, "", Map.of());
    }

    /** The same with the keys of an outer object where this one has none. */
    public JsonFile over(JsonFile outer) {
        return withDefaults(outer.fields);
    }

    /** The same with these values where it says nothing. */
    public JsonFile withDefaults(Map<String, ?> values) {
        Map<String, @Nullable Object> merged = new LinkedHashMap<>(values);
        fields.forEach((key, value) -> {
            if (value != null || !merged.containsKey(key)) {
                merged.put(key, value);
            }
        });
        return new JsonFile(path, prefix, merged);
    }

    public Path path() {
        return path;
    }

    /** Keys and values as they are: Map, List, String, Long, Double, Boolean, null. */
    public Map<String, @Nullable Object> fields() {
        return fields;
    }

    public boolean has(String key) {
        return fields.get(key) != null;
    }

    public Optional<String> findString(String key) {
        return find(key, String.class, "a string");
    }

    public OptionalInt findInt(String key) {
        Object value = fields.get(key);
        if (value == null) {
            return OptionalInt.empty();
        }
        if (value instanceof Long number && number >= Integer.MIN_VALUE && number <= Integer.MAX_VALUE) {
            return OptionalInt.of(number.intValue());
        }
        throw error(key, "an integer", value);
    }

    /** @throws BadInputException if it is absent or not positive */
    public int requireCount(String key) {
        int value = findInt(key).orElseThrow(() -> error(key, "a positive integer", null));
        if (value < 1) {
            throw error(key, "a positive integer", value);
        }
        return value;
    }

    public OptionalDouble findDouble(String key) {
        Object value = fields.get(key);
        if (value == null) {
            return OptionalDouble.empty();
        }
        if (value instanceof Number number && Double.isFinite(number.doubleValue())) {
            return OptionalDouble.of(number.doubleValue());
        }
        throw error(key, "a number", value);
    }

    public double requireDouble(String key) {
        return findDouble(key).orElseThrow(() -> error(key, "a number", null));
    }

    public boolean bool(String key, boolean otherwise) {
        return find(key, Boolean.class, "true or false").orElse(otherwise);
    }

    @SuppressWarnings("unchecked")
    public Optional<List<@Nullable Object>> findList(String key) {
        return find(key, List.class, "an array").map(list -> (List<@Nullable Object>) list);
    }

    @SuppressWarnings("unchecked")
    public Optional<JsonFile> findObject(String key) {
        return find(key, Map.class, "an object")
                .map(map -> new JsonFile(path, prefix + key + ".", (Map<String, @Nullable Object>) map));
    }

    /** An object in an array. */
    @SuppressWarnings("unchecked")
    public JsonFile element(String key, int index) {
        Object value = findList(key).orElse(List.of()).get(index);
        String name = key + "[" + index + "]";
        if (!(value instanceof Map)) {
            throw error(name, "an object", value);
        }
        return new JsonFile(path, prefix + name + ".", (Map<String, @Nullable Object>) value);
    }

    public BadInputException error(String key, String expected, @Nullable Object found) {
        String shown = String.valueOf(found);
        return new BadInputException(path + ": " + prefix + key + " expects " + expected + ", found "
                + (found == null ? "nothing" : shown.length() <= 80 ? shown : shown.substring(0, 80) + "…"));
    }

    private <T> Optional<T> find(String key, Class<T> type, String expected) {
        Object value = fields.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!type.isInstance(value)) {
            throw error(key, expected, value);
        }
        return Optional.of(type.cast(value));
    }

    private static @Nullable Object value(JsonParser json) throws IOException {
        return switch (json.currentToken()) {
            case START_OBJECT -> object(json);
            case START_ARRAY -> array(json);
            case VALUE_STRING -> json.getText();
            case VALUE_NUMBER_INT ->
                json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                        ? (Object) json.getDoubleValue()
                        : (Object) json.getLongValue();
            case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> null;
        };
    }

    private static Map<String, @Nullable Object> object(JsonParser json) throws IOException {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            fields.put(name, value(json));
        }
        return fields;
    }

    private static List<@Nullable Object> array(JsonParser json) throws IOException {
        List<@Nullable Object> values = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            values.add(value(json));
        }
        return values;
    }
}
