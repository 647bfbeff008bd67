package dev.chaku.eval;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.generate.grammar.SchemaCheck;
import dev.chaku.internal.json.JsonText;
import dev.chaku.internal.json.JsonTree;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Whether answers are valid by a JSON Schema: as a whole, and each field of the schema by itself. */
final class SchemaMetric implements Metric {
    private static final String WHAT = "JSON schema";

    private final SchemaCheck whole;
    private final Map<String, SchemaCheck> fields = new LinkedHashMap<>();
    private final List<?> required;

    SchemaMetric(String schema) {
        whole = new SchemaCheck(schema);
        Map<?, ?> root = JsonTree.parse(WHAT, schema) instanceof Map<?, ?> map ? map : Map.of();
        required = root.get("required") instanceof List<?> names ? names : List.of();
        if (root.get("properties") instanceof Map<?, ?> known) {
            known.forEach((name, value) -> part(root, value).ifPresent(check -> fields.put(name.toString(), check)));
        }
    }

    /** A field's schema by itself, with the definitions that it may refer to; empty where it refers to other places. */
    private static Optional<SchemaCheck> part(Map<?, ?> root, Object schema) {
        Object own = schema;
        if (schema instanceof Map<?, ?> keywords) {
            Map<Object, Object> all = new LinkedHashMap<>(keywords);
            for (String definitions : List.of("$defs", "definitions")) {
                if (root.containsKey(definitions)) {
                    all.putIfAbsent(definitions, root.get(definitions));
                }
            }
            own = all;
        }
        try {
            return Optional.of(new SchemaCheck(JsonText.of(own)));
        } catch (BadInputException e) {
            return Optional.empty();
        }
    }

    @Override
    public String name() {
        return "json_schema";
    }

    @Override
    public double score(Answer answer) {
        return parsed(answer).map(value -> whole.accepts(value[0]) ? 1.0 : 0.0).orElse(0.0);
    }

    /** 1 for a valid value; 0 for another, or none where the schema demands one. */
    @Override
    public Map<String, Double> parts(Answer answer) {
        Map<?, ?> found = parsed(answer).map(value -> value[0]).orElse(null) instanceof Map<?, ?> map ? map : Map.of();
        Map<String, Double> scores = new LinkedHashMap<>();
        fields.forEach((name, check) -> {
            if (found.containsKey(name)) {
                scores.put(name, check.accepts(found.get(name)) ? 1.0 : 0.0);
            } else if (required.contains(name)) {
                scores.put(name, 0.0);
            }
        });
        return scores;
    }

    /** The value, in an array as it may be null; empty for what is no JSON. */
    private static Optional<Object[]> parsed(Answer answer) {
        try {
            return Optional.of(new Object[] {JsonTree.parse("answer", answer.text())});
        } catch (BadInputException e) {
            return Optional.empty();
        }
    }
}
