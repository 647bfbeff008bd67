package dev.chaku.internal.generate.grammar;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Arrays by what their items are. Immutable.
 *
 * @param prefix of the first items, each
 * @param rest of those after them
 * @param minimum items at least
 * @param maximum items at most
 * @param contains how many items must be of some schema
 */
record ArrayShape(List<SchemaNode> prefix, SchemaNode rest, int minimum, int maximum, List<Contains> contains) {
    static final int ENDLESS = Integer.MAX_VALUE;
    static final ArrayShape ALL = new ArrayShape(List.of(), SchemaNode.ANY, 0, ENDLESS, List.of());

    /** So many items at least and at most of a schema. */
    record Contains(SchemaNode node, int minimum, int maximum) {}

    SchemaNode item(int place) {
        return place < prefix.size() ? prefix.get(place) : rest;
    }

    ArrayShape and(ArrayShape other) {
        List<SchemaNode> items = new ArrayList<>();
        for (int i = 0; i < Math.max(prefix.size(), other.prefix.size()); i++) {
            items.add(item(i).and(other.item(i)));
        }
        List<Contains> both = new ArrayList<>(contains);
        other.contains.stream().filter(each -> !both.contains(each)).forEach(both::add);
        return new ArrayShape(
                items, rest.and(other.rest), Math.max(minimum, other.minimum), Math.min(maximum, other.maximum), both);
    }

    /** The arrays that are not of it, as a union. */
    List<ArrayShape> negated(String where) {
        List<ArrayShape> all = new ArrayList<>();
        if (minimum > 0) {
            all.add(new ArrayShape(List.of(), SchemaNode.ANY, 0, minimum - 1, List.of()));
        }
        if (maximum < ENDLESS) {
            all.add(new ArrayShape(List.of(), SchemaNode.ANY, maximum + 1, ENDLESS, List.of()));
        }
        for (int i = 0; i < prefix.size(); i++) {
            for (SchemaNode other : prefix.get(i).negated()) {
                List<SchemaNode> items = new ArrayList<>(Collections.nCopies(i, SchemaNode.ANY));
                items.add(other);
                all.add(new ArrayShape(items, SchemaNode.ANY, i + 1, ENDLESS, List.of()));
            }
        }
        for (SchemaNode other : rest.negated()) {
            if (!prefix.isEmpty() && !other.isAny()) {
                throw SchemaDocument.refused(where, "negates items after a prefix");
            }
            all.add(
                    other.isAny()
                            ? new ArrayShape(List.of(), SchemaNode.ANY, prefix.size() + 1, ENDLESS, List.of())
                            : new ArrayShape(
                                    List.of(), SchemaNode.ANY, 1, ENDLESS, List.of(new Contains(other, 1, ENDLESS))));
        }
        for (Contains each : contains) {
            if (each.minimum() > 0) {
                all.add(with(new Contains(each.node(), 0, each.minimum() - 1)));
            }
            if (each.maximum() < ENDLESS) {
                all.add(with(new Contains(each.node(), each.maximum() + 1, ENDLESS)));
            }
        }
        return all;
    }

    private static ArrayShape with(Contains contains) {
        return new ArrayShape(List.of(), SchemaNode.ANY, 0, ENDLESS, List.of(contains));
    }
}
