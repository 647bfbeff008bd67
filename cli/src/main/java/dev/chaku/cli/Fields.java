package dev.chaku.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.Map;

/** Fields of a verb's JSON object that the library wrote. */
final class Fields {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Fields() {}

    static Map<String, Object> of(String object) {
        try {
            return JSON.readValue(object, new TypeReference<LinkedHashMap<String, Object>>() {});
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the report is no JSON", e);
        }
    }

    /** The fields with one more at the end. */
    static Map<String, Object> of(String object, String name, Object value) {
        Map<String, Object> fields = of(object);
        fields.put(name, value);
        return fields;
    }
}
