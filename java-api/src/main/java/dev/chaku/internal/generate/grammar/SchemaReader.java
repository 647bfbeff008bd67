package dev.chaku.internal.generate.grammar;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Says which values a schema describes, keyword by keyword; one that cannot be enforced is refused by its path. Schemas
 * within arrays and objects are looked at when they are asked for. Not thread-safe.
 */
final class SchemaReader {
    /** Levels of arrays and objects that are looked into to see that nothing can be valid. */
    private static final int MOST_LEVELS = 6;

    private final SchemaDocument document;
    private final FormatSets formats;
    private final Map<Integer, Shape> known = new HashMap<>();
    private final Set<Integer> open = new HashSet<>();

    /** Sets of strings and numbers that keywords name, by what they say: schemas repeat them. */
    private final Map<String, Automaton> sets = new HashMap<>();

    SchemaReader(SchemaDocument document, FormatSets formats) {
        this.document = document;
        this.formats = formats;
    }

    /** The values of a node. */
    Shape shape(SchemaNode node) {
        if (node.isNever()) {
            return Shape.NONE;
        }
        Shape all = Shape.ALL;
        for (int term : node.terms()) {
            all = all.and(term(term));
        }
        return all;
    }

    private Shape term(int term) {
        Shape made = known.get(term);
        if (made == null) {
            int schema = term >> 1;
            if (!open.add(term)) {
                throw SchemaDocument.refused(document.path(schema), "refers to itself without end");
            }
            made = (term & 1) == 1 ? term(term ^ 1).negated(document.path(schema)) : read(schema);
            open.remove(term);
            known.put(term, made);
        }
        return made;
    }

    private Shape read(int number) {
        Map<String, @Nullable Object> schema = document.schema(number);
        String path = document.path(number);
        Shape shape = new SchemaKeywords(document, this, schema, path).read();
        if (schema.containsKey("$ref")) {
            shape = reference(shape, schema, path, number);
        }
        shape = combined(shape, schema, path);
        shape = conditional(shape, schema, path);
        return dependent(shape, schema, path);
    }

    private Shape reference(Shape from, Map<String, @Nullable Object> schema, String path, int number) {
        if (!(schema.get("$ref") instanceof String reference)) {
            throw SchemaDocument.wrong(path + "/$ref", "a text");
        }
        if (document.isDraft7()) {
            for (String key : schema.keySet()) {
                if (!key.equals("$ref") && !SchemaKeywords.NOTES.contains(key)) {
                    throw SchemaDocument.refused(path + "/" + key, "stands beside $ref, where draft 7 ignores it");
                }
            }
        }
        return from.and(shape(document.reference(number, reference)));
    }

    private Shape combined(Shape from, Map<String, @Nullable Object> schema, String path) {
        Shape shape = from;
        for (SchemaNode each : nodes(schema, "allOf", path)) {
            shape = shape.and(shape(each));
        }
        if (schema.containsKey("anyOf")) {
            Shape any = Shape.NONE;
            for (SchemaNode each : nodes(schema, "anyOf", path)) {
                any = any.or(shape(each));
            }
            shape = shape.and(any);
        }
        if (schema.containsKey("oneOf")) {
            shape = one(shape, nodes(schema, "oneOf", path), path + "/oneOf");
        }
        if (schema.containsKey("not")) {
            SchemaNode not = document.node(schema.get("not"), path + "/not");
            shape = shape.and(not(not, path + "/not"));
        }
        return shape;
    }

    private Shape not(SchemaNode node, String path) {
        return node.isNever() ? Shape.ALL : shape(node).negated(path);
    }

    private List<SchemaNode> nodes(Map<String, @Nullable Object> schema, String key, String path) {
        if (!schema.containsKey(key)) {
            return List.of();
        }
        if (!(schema.get(key) instanceof List<?> list) || list.isEmpty()) {
            throw SchemaDocument.wrong(path + "/" + key, "a list of at least one schema");
        }
        List<SchemaNode> nodes = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            nodes.add(document.node(list.get(i), path + "/" + key + "/" + i));
        }
        return nodes;
    }

    /** Values that exactly one of the options has: each option without those that it shares values with. */
    private Shape one(Shape from, List<SchemaNode> options, String path) {
        List<Shape> shapes = new ArrayList<>();
        options.forEach(option -> shapes.add(from.and(shape(option))));
        Shape all = Shape.NONE;
        for (int i = 0; i < shapes.size(); i++) {
            Shape alone = shapes.get(i);
            for (int j = 0; j < shapes.size(); j++) {
                if (i != j && !isEmpty(shapes.get(i).and(shapes.get(j)), 0)) {
                    alone = alone.and(not(options.get(j), path + "/" + j));
                }
            }
            all = all.or(alone);
        }
        return all;
    }

    private Shape conditional(Shape from, Map<String, @Nullable Object> schema, String path) {
        if (!schema.containsKey("if") || !schema.containsKey("then") && !schema.containsKey("else")) {
            return from;
        }
        SchemaNode condition = document.node(schema.get("if"), path + "/if");
        Shape then = from.and(shape(condition));
        if (schema.containsKey("then")) {
            then = then.and(shape(document.node(schema.get("then"), path + "/then")));
        }
        Shape otherwise = from.and(not(condition, path + "/if"));
        if (schema.containsKey("else")) {
            otherwise = otherwise.and(shape(document.node(schema.get("else"), path + "/else")));
        }
        return then.or(otherwise);
    }

    private Shape dependent(Shape from, Map<String, @Nullable Object> schema, String path) {
        Shape shape = from;
        for (String key : new String[] {"dependentRequired", "dependentSchemas", "dependencies"}) {
            if (!schema.containsKey(key)) {
                continue;
            }
            if (!(schema.get(key) instanceof Map<?, ?> map)) {
                throw SchemaDocument.wrong(path + "/" + key, "an object");
            }
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                String name = entry.getKey().toString();
                String where = path + "/" + key + "/" + SchemaDocument.escaped(name);
                Shape with = shape.withObjects(ObjectShape.with(name, SchemaNode.ANY));
                Shape others = shape.withObjects(ObjectShape.without(name));
                if (entry.getValue() instanceof List<?> names) {
                    for (Object needed : names) {
                        if (!(needed instanceof String text)) {
                            throw SchemaDocument.wrong(where, "names of properties");
                        }
                        with = with.withObjects(ObjectShape.with(text, SchemaNode.ANY));
                    }
                } else {
                    with = with.and(shape(document.node(entry.getValue(), where)));
                }
                Shape either = with.or(others);
                shape = new Shape(
                        shape.hasNull(),
                        shape.hasTrue(),
                        shape.hasFalse(),
                        shape.numbers(),
                        shape.strings(),
                        shape.arrays(),
                        either.objects());
            }
        }
        return shape;
    }

    /** Whether it is certain that there is no value. */
    boolean isEmpty(Shape shape, int level) {
        if (shape.hasNull()
                || shape.hasTrue()
                || shape.hasFalse()
                || !shape.numbers().isNothing()
                || !shape.strings().isNothing()) {
            return false;
        }
        return shape.arrays().stream().allMatch(array -> isEmpty(array, level))
                && shape.objects().stream().allMatch(object -> isEmpty(object, level));
    }

    private boolean isEmpty(ArrayShape array, int level) {
        if (array.minimum() > array.maximum()) {
            return true;
        }
        for (int i = 0; i < Math.min(array.minimum(), array.prefix().size() + 1); i++) {
            if (isEmpty(array.item(i), level)) {
                return true;
            }
        }
        return false;
    }

    private boolean isEmpty(ObjectShape object, int level) {
        return object.minimum() > object.maximum()
                || object.required().size() > object.maximum()
                || object.required().stream().anyMatch(name -> isEmpty(object.property(name), level));
    }

    private boolean isEmpty(SchemaNode node, int level) {
        return node.isNever() || level < MOST_LEVELS && !node.isAny() && isEmpty(shape(node), level + 1);
    }

    Automaton format(String name) {
        return formats.of(name);
    }

    /** A set of strings or numbers, made once. */
    Automaton set(String key, Supplier<Automaton> make) {
        Automaton known = sets.get(key);
        if (known == null) {
            known = make.get();
            sets.put(key, known);
        }
        return known;
    }

    /** A whole number of a keyword. */
    static int count(@Nullable Object value, String path) {
        if (!(value instanceof BigDecimal number)
                || number.signum() < 0
                || number.compareTo(new BigDecimal(1_000_000_000)) > 0
                || number.stripTrailingZeros().scale() > 0) {
            throw SchemaDocument.wrong(path, "a whole number of at least 0");
        }
        return number.intValue();
    }
}
