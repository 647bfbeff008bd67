package dev.chaku.internal.generate.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Objects by what their properties are. Immutable.
 *
 * @param properties those that are named, in the order of the schema; {@link SchemaNode#NEVER} for names that may not
 *     come
 * @param others classes of further names, none with a name in common; names in no class may not come
 * @param required names that must come, all among the properties
 * @param minimum properties at least
 * @param maximum properties at most
 */
record ObjectShape(
        Map<String, SchemaNode> properties, List<NameClass> others, Set<String> required, int minimum, int maximum) {
    static final int ENDLESS = Integer.MAX_VALUE;
    static final ObjectShape ALL = of(Map.of(), List.of(new NameClass(StringSets.ALL, SchemaNode.ANY)));

    /** Most classes of names. */
    private static final int MOST_CLASSES = 64;

    /** Names whose properties have values of one schema. */
    record NameClass(Automaton names, SchemaNode node) {}

    static ObjectShape of(Map<String, SchemaNode> properties, List<NameClass> others) {
        return new ObjectShape(properties, others, Set.of(), 0, ENDLESS);
    }

    /** What the property of a name is. */
    SchemaNode property(String name) {
        SchemaNode named = properties.get(name);
        if (named != null) {
            return named;
        }
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        for (NameClass each : others) {
            if (each.names().accepts(text)) {
                return each.node();
            }
        }
        return SchemaNode.NEVER;
    }

    ObjectShape and(ObjectShape other) {
        Map<String, SchemaNode> both = new LinkedHashMap<>();
        for (String name : properties.keySet()) {
            both.put(name, property(name).and(other.property(name)));
        }
        for (String name : other.properties.keySet()) {
            both.computeIfAbsent(name, key -> property(key).and(other.property(key)));
        }
        List<NameClass> classes = new ArrayList<>();
        for (NameClass a : others) {
            for (NameClass b : other.others) {
                SchemaNode node = a.node().and(b.node());
                Automaton names = node.isNever() ? a.names() : Automata.both(a.names(), b.names());
                if (!node.isNever() && !names.isNothing()) {
                    classes.add(new NameClass(names, node));
                }
            }
        }
        if (classes.size() > MOST_CLASSES) {
            throw FormLimits.tooComplex("JSON schema");
        }
        Set<String> needed = new LinkedHashSet<>(required);
        needed.addAll(other.required);
        return new ObjectShape(
                both, classes, needed, Math.max(minimum, other.minimum), Math.min(maximum, other.maximum));
    }

    /** The objects that are not of it, as a union. */
    List<ObjectShape> negated(String where) {
        List<ObjectShape> all = new ArrayList<>();
        for (String name : required) {
            all.add(without(name));
        }
        properties.forEach((name, node) -> node.negated().forEach(other -> all.add(with(name, other))));
        if (minimum > required.size() && minimum > 0) {
            all.add(new ObjectShape(ALL.properties, ALL.others, Set.of(), 0, minimum - 1));
        }
        if (maximum < ENDLESS) {
            all.add(new ObjectShape(ALL.properties, ALL.others, Set.of(), maximum + 1, ENDLESS));
        }
        Automaton open = Automata.NOTHING;
        for (NameClass each : others) {
            if (each.node().isAny()) {
                open = Automata.either(open, each.names());
            }
        }
        for (String name : properties.keySet()) {
            open = Automata.either(open, StringSets.of(name));
        }
        if (!Automata.same(open, StringSets.ALL)) {
            throw SchemaDocument.refused(where, "negates what properties of any name are");
        }
        return all;
    }

    /** Objects that do not have a property. */
    static ObjectShape without(String name) {
        return withProperty(name, SchemaNode.NEVER, Set.of());
    }

    /** Objects that have a property of some value. */
    static ObjectShape with(String name, SchemaNode node) {
        return withProperty(name, node, Set.of(name));
    }

    private static ObjectShape withProperty(String name, SchemaNode node, Set<String> required) {
        Automaton rest = Automata.minus(StringSets.ALL, StringSets.of(name));
        return new ObjectShape(Map.of(name, node), List.of(new NameClass(rest, SchemaNode.ANY)), required, 0, ENDLESS);
    }
}
