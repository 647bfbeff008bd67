package dev.chaku.internal.chat;

import dev.chaku.chat.Tool;
import dev.chaku.errors.BadInputException;
import dev.chaku.internal.json.JsonText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The arguments of a tool one by one, for notations that write them so. */
final class ToolArguments {
    /** An argument, and its schema with the definitions of the whole. */
    record Argument(String name, String schema, boolean required) {}

    private ToolArguments() {}

    /** @throws BadInputException if more is asked of the arguments than each by itself */
    static List<Argument> of(Tool tool) {
        Map<String, Object> schema = tool.schemaValues();
        for (String key : schema.keySet()) {
            if (!List.of(
                            "type",
                            "properties",
                            "required",
                            "additionalProperties",
                            "$defs",
                            "definitions",
                            "$schema",
                            "title",
                            "description",
                            "examples")
                    .contains(key)) {
                throw BadInputException.ofSetting(
                        "tool " + tool.name(),
                        "arguments by properties alone, as the model's template writes them",
                        key);
            }
        }
        List<Argument> all = new ArrayList<>();
        List<?> required = schema.get("required") instanceof List<?> list ? list : List.of();
        if (schema.get("properties") instanceof Map<?, ?> properties) {
            properties.forEach((name, value) -> {
                Object own = value;
                if (value instanceof Map<?, ?> map) {
                    Map<Object, Object> copy = new LinkedHashMap<>(map);
                    for (String shared : List.of("$schema", "$defs", "definitions")) {
                        if (schema.containsKey(shared)) {
                            copy.putIfAbsent(shared, schema.get(shared));
                        }
                    }
                    own = copy;
                }
                all.add(new Argument((String) name, JsonText.of(own), required.contains(name)));
            });
        }
        return all;
    }
}
