package dev.chaku.internal.generate.grammar;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the keywords of one schema say that are about values themselves. Used once. */
final class SchemaKeywords {
    /** Keywords that say nothing about values. */
    static final Set<String> NOTES = Set.of(
            "$schema",
            "$id",
            "$comment",
            "$anchor",
            "$defs",
            "definitions",
            "title",
            "description",
            "default",
            "examples",
            "deprecated",
            "readOnly",
            "writeOnly");

    private static final Set<String> TYPES =
            Set.of("null", "boolean", "number", "integer", "string", "array", "object");

    /** Keywords that bring in schemas whose properties and items unevaluated keywords would have to know. */
    private static final List<String> APPLICATORS =
            List.of("$ref", "allOf", "anyOf", "oneOf", "if", "not", "dependentSchemas", "contains");

    private final SchemaDocument document;
    private final SchemaReader reader;
    private final Map<String, @Nullable Object> schema;
    private final String path;

    SchemaKeywords(SchemaDocument document, SchemaReader reader, Map<String, @Nullable Object> schema, String path) {
        this.document = document;
        this.reader = reader;
        this.schema = schema;
        this.path = path;
    }

    Shape read() {
        refuseUnknown();
        Shape shape = types();
        if (schema.containsKey("const")) {
            shape = shape.and(constant(schema.get("const"), path + "/const"));
        }
        if (schema.containsKey("enum")) {
            Shape some = Shape.NONE;
            for (Object each : list("enum")) {
                some = some.or(constant(each, path + "/enum"));
            }
            shape = shape.and(some);
        }
        return objects(arrays(strings(numbers(shape))));
    }

    private void refuseUnknown() {
        for (String key : new String[] {"$dynamicRef", "$recursiveRef"}) {
            if (schema.containsKey(key)) {
                throw SchemaDocument.refused(path + "/" + key, "depends on who refers to it");
            }
        }
        if (Boolean.TRUE.equals(schema.get("nullable"))) {
            throw SchemaDocument.refused(
                    path + "/nullable", "is no keyword of JSON Schema: write \"null\" among the types");
        }
        if (Boolean.TRUE.equals(schema.get("uniqueItems")) && !(isAtMostOne())) {
            throw SchemaDocument.refused(path + "/uniqueItems", "asks for items that differ");
        }
    }

    private boolean isAtMostOne() {
        return schema.get("maxItems") instanceof BigDecimal most && most.compareTo(BigDecimal.ONE) <= 0;
    }

    private List<?> list(String key) {
        if (!(schema.get(key) instanceof List<?> list)) {
            throw SchemaDocument.wrong(path + "/" + key, "a list");
        }
        return list;
    }

    private Shape types() {
        Object type = schema.get("type");
        if (!schema.containsKey("type")) {
            return Shape.ALL;
        }
        Shape shape = Shape.NONE;
        for (Object each : type instanceof List<?> list ? list : List.of(type == null ? "" : type)) {
            if (!(each instanceof String name) || !TYPES.contains(name)) {
                throw SchemaDocument.wrong(path + "/type", "one of null boolean number integer string array object");
            }
            shape = shape.or(Shape.ofType(name));
        }
        return shape;
    }

    private Shape constant(@Nullable Object value, String where) {
        if (value == null) {
            return Shape.ofType("null");
        } else if (value instanceof Boolean yes) {
            return new Shape(false, yes, !yes, Automata.NOTHING, Automata.NOTHING, List.of(), List.of());
        } else if (value instanceof BigDecimal number) {
            return Shape.ofType("number")
                    .withNumbers(Automata.of(Expression.text(NumberSets.text(number, where)), where));
        } else if (value instanceof String text) {
            return Shape.ofType("string").withStrings(StringSets.of(text));
        } else if (value instanceof List<?> list) {
            List<SchemaNode> items = new ArrayList<>();
            for (Object item : list) {
                items.add(constantNode(item, where));
            }
            ArrayShape shape = new ArrayShape(items, SchemaNode.NEVER, list.size(), list.size(), List.of());
            return Shape.ofType("array").withArrays(shape);
        }
        Map<String, SchemaNode> properties = new LinkedHashMap<>();
        ((Map<?, ?>) value).forEach((name, each) -> properties.put(name.toString(), constantNode(each, where)));
        return Shape.ofType("object")
                .withObjects(new ObjectShape(
                        properties, List.of(), new LinkedHashSet<>(properties.keySet()), 0, ObjectShape.ENDLESS));
    }

    private SchemaNode constantNode(@Nullable Object value, String where) {
        Map<String, @Nullable Object> made = new LinkedHashMap<>();
        made.put("const", value);
        return document.node(made, where);
    }

    private Shape numbers(Shape from) {
        Shape shape = from;
        for (String key : new String[] {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}) {
            if (schema.containsKey(key)) {
                BigDecimal bound = number(key);
                shape = shape.withNumbers(reader.set(
                        key + bound,
                        () -> NumberSets.bounded(bound, key.endsWith("inimum"), key.startsWith("exclusive"), at(key))));
            }
        }
        if (schema.containsKey("multipleOf")) {
            if (number("multipleOf").signum() <= 0) {
                throw SchemaDocument.wrong(path + "/multipleOf", "a number above 0");
            }
            shape = shape.withNumbers(NumberSets.multiples(number("multipleOf"), path + "/multipleOf"));
        }
        return shape;
    }

    private String at(String key) {
        return SchemaDocument.WHAT + ": " + path + "/" + key;
    }

    private BigDecimal number(String key) {
        if (!(schema.get(key) instanceof BigDecimal number)) {
            throw SchemaDocument.wrong(path + "/" + key, "a number");
        }
        return number;
    }

    private int count(String key, int otherwise) {
        return schema.containsKey(key) ? SchemaReader.count(schema.get(key), path + "/" + key) : otherwise;
    }

    private Shape strings(Shape from) {
        Shape shape = from;
        int least = count("minLength", 0);
        int most = count("maxLength", -1);
        if (least > 0 || most >= 0) {
            shape = most >= 0 && most < least
                    ? shape.withStrings(Automata.NOTHING)
                    : shape.withStrings(reader.set(
                            "length " + least + " " + most, () -> StringSets.lengths(least, most, at("maxLength"))));
        }
        if (schema.containsKey("pattern")) {
            if (!(schema.get("pattern") instanceof String pattern)) {
                throw SchemaDocument.wrong(path + "/pattern", "a text");
            }
            shape = shape.withStrings(reader.set("pattern " + pattern, () -> Regex.within(at("pattern"), pattern)));
        }
        if (schema.containsKey("format")) {
            if (!(schema.get("format") instanceof String format)) {
                throw SchemaDocument.wrong(path + "/format", "a text");
            }
            if (!StringSets.isFormat(format)) {
                throw SchemaDocument.refused(path + "/format", "is " + format);
            }
            shape = shape.withStrings(reader.format(format));
        }
        return shape;
    }

    private Shape arrays(Shape from) {
        boolean tuple = schema.get("items") instanceof List<?>;
        String listKey = tuple ? "items" : "prefixItems";
        List<SchemaNode> prefix = new ArrayList<>();
        if (schema.containsKey(listKey)) {
            List<?> all = list(listKey);
            for (int i = 0; i < all.size(); i++) {
                prefix.add(document.node(all.get(i), path + "/" + listKey + "/" + i));
            }
        }
        String restKey = tuple ? "additionalItems" : "items";
        if (!schema.containsKey(restKey) && schema.containsKey("unevaluatedItems")) {
            requireAlone("unevaluatedItems");
            restKey = "unevaluatedItems";
        }
        SchemaNode rest =
                schema.containsKey(restKey) ? document.node(schema.get(restKey), path + "/" + restKey) : SchemaNode.ANY;
        List<ArrayShape.Contains> contains = new ArrayList<>();
        if (schema.containsKey("contains")) {
            contains.add(new ArrayShape.Contains(
                    document.node(schema.get("contains"), path + "/contains"),
                    count("minContains", 1),
                    count("maxContains", ArrayShape.ENDLESS)));
        }
        ArrayShape shape =
                new ArrayShape(prefix, rest, count("minItems", 0), count("maxItems", ArrayShape.ENDLESS), contains);
        return shape.equals(ArrayShape.ALL) ? from : from.withArrays(shape);
    }

    private void requireAlone(String key) {
        for (String other : APPLICATORS) {
            if (schema.containsKey(other)) {
                throw SchemaDocument.refused(path + "/" + key, "depends on " + other);
            }
        }
    }

    private Shape objects(Shape from) {
        Map<String, SchemaNode> properties = new LinkedHashMap<>();
        if (schema.containsKey("properties")) {
            object("properties")
                    .forEach((name, value) -> properties.put(
                            name.toString(),
                            document.node(value, path + "/properties/" + SchemaDocument.escaped(name.toString()))));
        }
        Set<String> required = new LinkedHashSet<>();
        if (schema.containsKey("required")) {
            for (Object name : list("required")) {
                if (!(name instanceof String text)) {
                    throw SchemaDocument.wrong(path + "/required", "names of properties");
                }
                required.add(text);
            }
        }
        String moreKey = "additionalProperties";
        if (!schema.containsKey(moreKey) && schema.containsKey("unevaluatedProperties")) {
            requireAlone("unevaluatedProperties");
            moreKey = "unevaluatedProperties";
        }
        SchemaNode more =
                schema.containsKey(moreKey) ? document.node(schema.get(moreKey), path + "/" + moreKey) : SchemaNode.ANY;
        int least = count("minProperties", 0);
        int most = count("maxProperties", ObjectShape.ENDLESS);
        boolean says = !properties.isEmpty()
                || !required.isEmpty()
                || !more.isAny()
                || least > 0
                || most < ObjectShape.ENDLESS
                || schema.containsKey("patternProperties")
                || schema.containsKey("propertyNames");
        return says ? from.withObjects(object(properties, required, more, least, most)) : from;
    }

    private Map<?, ?> object(String key) {
        if (!(schema.get(key) instanceof Map<?, ?> map)) {
            throw SchemaDocument.wrong(path + "/" + key, "an object");
        }
        return map;
    }

    private ObjectShape object(
            Map<String, SchemaNode> properties, Set<String> required, SchemaNode more, int least, int most) {
        Map<String, SchemaNode> named = new LinkedHashMap<>(properties);
        List<ObjectShape.NameClass> classes = new ArrayList<>();
        Automaton left = StringSets.ALL;
        Map<String, SchemaNode> patterns = new LinkedHashMap<>();
        if (schema.containsKey("patternProperties")) {
            object("patternProperties")
                    .forEach((pattern, value) -> patterns.put(
                            pattern.toString(),
                            document.node(
                                    value, path + "/patternProperties/" + SchemaDocument.escaped(pattern.toString()))));
        }
        for (Map.Entry<String, SchemaNode> pattern : patterns.entrySet()) {
            Automaton names = reader.set(
                    "pattern " + pattern.getKey(), () -> Regex.within(at("patternProperties"), pattern.getKey()));
            List<ObjectShape.NameClass> cut = new ArrayList<>();
            for (ObjectShape.NameClass each : classes) {
                add(cut, Automata.both(each.names(), names), each.node().and(pattern.getValue()));
                add(cut, Automata.minus(each.names(), names), each.node());
            }
            add(cut, Automata.both(left, names), pattern.getValue());
            left = Automata.minus(left, names);
            classes = cut;
            for (String name : properties.keySet()) {
                if (names.accepts(name.getBytes(StandardCharsets.UTF_8))) {
                    named.merge(name, pattern.getValue(), SchemaNode::and);
                }
            }
        }
        if (!more.isNever()) {
            add(classes, left, more);
        }
        return finished(named, classes, required, least, most);
    }

    private ObjectShape finished(
            Map<String, SchemaNode> named,
            List<ObjectShape.NameClass> classes,
            Set<String> required,
            int least,
            int most) {
        List<ObjectShape.NameClass> allowed = new ArrayList<>();
        Automaton names = null;
        if (schema.containsKey("propertyNames")) {
            SchemaNode node = document.node(schema.get("propertyNames"), path + "/propertyNames");
            names = reader.shape(node).strings();
        }
        ObjectShape before = ObjectShape.of(named, classes);
        for (String name : required) {
            named.putIfAbsent(name, before.property(name));
        }
        List<Expression> texts = new ArrayList<>();
        for (String name : List.copyOf(named.keySet())) {
            texts.add(Expression.text(name));
            if (names != null && !names.accepts(name.getBytes(StandardCharsets.UTF_8))) {
                named.put(name, SchemaNode.NEVER);
            }
        }
        Automaton known = Automata.of(Expression.choice(texts), SchemaDocument.WHAT);
        for (ObjectShape.NameClass each : classes) {
            Automaton free = texts.isEmpty() ? each.names() : Automata.minus(each.names(), known);
            add(allowed, names == null ? free : Automata.both(free, names), each.node());
        }
        if (least > required.size() + 1 && !allowed.isEmpty()) {
            throw SchemaDocument.refused(
                    path + "/minProperties", "counts properties of names that are not given and may come twice");
        }
        return new ObjectShape(named, allowed, required, least, most);
    }

    private static void add(List<ObjectShape.NameClass> classes, Automaton names, SchemaNode node) {
        if (!names.isNothing() && !node.isNever()) {
            classes.add(new ObjectShape.NameClass(names, node));
        }
    }
}
