package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.json.JsonTree;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON Schema as it is written: its schemas, each with a number and the path that messages name, and what references
 * mean. Nothing outside the document is ever looked up. Not thread-safe.
 */
final class SchemaDocument {
    static final String WHAT = "JSON schema";

    /** Keywords whose value is a schema. */
    private static final List<String> SCHEMAS = List.of(
            "additionalProperties",
            "additionalItems",
            "items",
            "contains",
            "not",
            "if",
            "then",
            "else",
            "propertyNames",
            "unevaluatedItems",
            "unevaluatedProperties",
            "contentSchema");

    /** Keywords whose value is a list of schemas. */
    private static final List<String> LISTS = List.of("allOf", "anyOf", "oneOf", "prefixItems", "items");

    /** Keywords whose value names schemas. */
    private static final List<String> MAPS =
            List.of("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies");

    private final @Nullable Object root;
    private final boolean draft7;
    private final List<@Nullable Object> schemas = new ArrayList<>();
    private final List<String> paths = new ArrayList<>();
    private final List<URI> bases = new ArrayList<>();
    private final Map<Object, Integer> numbers = new IdentityHashMap<>();
    private final Map<String, Object> named = new HashMap<>();

    SchemaDocument(String json) {
        FormLimits.requireSource(WHAT, json);
        this.root = JsonTree.parse(WHAT, json);
        this.draft7 = root instanceof Map<?, ?> map
                && map.get("$schema") instanceof String draft
                && draft.matches("https?://json-schema.org/draft-0[67]/schema#?");
        if (root instanceof Map<?, ?> map
                && map.get("$schema") instanceof String draft
                && !draft7
                && !draft.matches("https?://json-schema.org/draft/20(19-09|20-12)/schema#?")) {
            throw refused("/$schema", "names " + draft + "; drafts 2020-12 and 7 are known");
        }
        scan(root, "", URI.create("urn:chaku:schema"));
    }

    boolean isDraft7() {
        return draft7;
    }

    /** What a message says of a keyword that cannot be enforced. */
    static BadInputException refused(String path, String problem) {
        return new BadInputException(
                WHAT + ": " + (path.isEmpty() ? "/" : path) + " " + problem + ", which a form cannot enforce");
    }

    static BadInputException wrong(String path, String expected) {
        return new BadInputException(WHAT + ": " + (path.isEmpty() ? "/" : path) + ": expected " + expected);
    }

    SchemaNode root() {
        return node(root, "");
    }

    /** The node of a schema. */
    SchemaNode node(@Nullable Object schema, String path) {
        if (schema instanceof Boolean any) {
            return any ? SchemaNode.ANY : SchemaNode.NEVER;
        }
        if (!(schema instanceof Map<?, ?> map)) {
            throw wrong(path, "a schema: an object, true or false");
        }
        if (map.isEmpty()) {
            return SchemaNode.ANY;
        }
        Integer number = numbers.get(schema);
        return SchemaNode.of(number == null ? add(schema, path, URI.create("urn:chaku:schema")) : number);
    }

    private int add(Object schema, String path, URI base) {
        numbers.put(schema, schemas.size());
        schemas.add(schema);
        paths.add(path);
        bases.add(base);
        return schemas.size() - 1;
    }

    @SuppressWarnings("unchecked")
    Map<String, @Nullable Object> schema(int number) {
        return (Map<String, @Nullable Object>) schemas.get(number);
    }

    String path(int number) {
        return paths.get(number);
    }

    private void scan(@Nullable Object value, String path, URI base) {
        if (!(value instanceof Map<?, ?> map)) {
            return;
        }
        URI own = base;
        boolean overridden = draft7 && map.containsKey("$ref");
        if (map.get("$id") instanceof String id && !overridden) {
            own = resolve(base, id, path + "/$id");
            named.put(withoutFragment(own), map);
            if (own.getFragment() != null && !own.getFragment().isEmpty()) {
                named.put(own.toString(), map);
            }
        } else if (path.isEmpty()) {
            named.put(base.toString(), map);
        }
        for (String key : new String[] {"$anchor", "$dynamicAnchor"}) {
            if (map.get(key) instanceof String anchor) {
                named.put(withoutFragment(own) + "#" + anchor, map);
            }
        }
        add(map, path, own);
        for (String key : SCHEMAS) {
            scan(map.get(key), path + "/" + key, own);
        }
        for (String key : LISTS) {
            if (map.get(key) instanceof List<?> list) {
                for (int i = 0; i < list.size(); i++) {
                    scan(list.get(i), path + "/" + key + "/" + i, own);
                }
            }
        }
        for (String key : MAPS) {
            if (map.get(key) instanceof Map<?, ?> inner) {
                for (Map.Entry<?, ?> entry : inner.entrySet()) {
                    scan(
                            entry.getValue(),
                            path + "/" + key + "/" + escaped(entry.getKey().toString()),
                            own);
                }
            }
        }
    }

    static String escaped(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    private static URI resolve(URI base, String reference, String path) {
        try {
            if (reference.startsWith("#")) {
                return URI.create(withoutFragment(base) + reference);
            }
            return base.isOpaque() ? URI.create(reference) : base.resolve(reference);
        } catch (IllegalArgumentException e) {
            throw wrong(path, "a reference, found " + reference);
        }
    }

    private static String withoutFragment(URI uri) {
        String text = uri.toString();
        int at = text.indexOf('#');
        return at < 0 ? text : text.substring(0, at);
    }

    /** What a reference in a schema means. */
    SchemaNode reference(int from, String reference) {
        String path = paths.get(from) + "/$ref";
        URI target = resolve(bases.get(from), reference, path);
        Object known = named.get(target.toString());
        if (known != null) {
            return node(known, path);
        }
        String fragment = target.getRawFragment() == null ? "" : target.getRawFragment();
        Object document = named.get(withoutFragment(target));
        if (document == null) {
            throw refused(path, "refers to " + reference + " outside of the schema");
        }
        if (fragment.isEmpty()) {
            return node(document, path);
        }
        if (!fragment.startsWith("/")) {
            throw wrong(path, "a schema of the document, found none at " + reference);
        }
        Integer of = numbers.get(document);
        return pointed(document, fragment, reference, path, bases.get(of == null ? 0 : of));
    }

    private SchemaNode pointed(Object document, String fragment, String reference, String path, URI base) {
        Object at = document;
        for (String step : fragment.substring(1).split("/", -1)) {
            String name = URLDecoder.decode(step.replace("+", "%2B"), StandardCharsets.UTF_8)
                    .replace("~1", "/")
                    .replace("~0", "~");
            if (at instanceof Map<?, ?> map && map.containsKey(name)) {
                at = map.get(name);
            } else if (at instanceof List<?> list
                    && name.matches("[0-9]{1,6}")
                    && Integer.parseInt(name) < list.size()) {
                at = list.get(Integer.parseInt(name));
            } else {
                throw wrong(path, "a schema of the document, found none at " + reference);
            }
        }
        if (at instanceof Map<?, ?> && !numbers.containsKey(at)) {
            scan(at, fragment, base);
        }
        return node(at, path);
    }
}
