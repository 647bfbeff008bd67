package dev.chaku.internal.generate.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Values that several schemas of a document agree on, looked at only when they are needed, so that schemas may contain
 * themselves. Immutable.
 *
 * @param terms numbers of schemas, doubled, plus one where the schema must not hold; in ascending order
 */
record SchemaNode(List<Integer> terms) {
    /** Any value. */
    static final SchemaNode ANY = new SchemaNode(List.of());

    /** No value. */
    static final SchemaNode NEVER = new SchemaNode(List.of(-1));

    static SchemaNode of(int schema) {
        return new SchemaNode(List.of(2 * schema));
    }

    boolean isAny() {
        return terms.isEmpty();
    }

    boolean isNever() {
        return terms.equals(NEVER.terms);
    }

    SchemaNode and(SchemaNode other) {
        if (isNever() || other.isAny() || terms.equals(other.terms)) {
            return this;
        }
        if (isAny() || other.isNever()) {
            return other;
        }
        TreeSet<Integer> all = new TreeSet<>(terms);
        all.addAll(other.terms);
        return all.stream().anyMatch(term -> all.contains(term ^ 1)) ? NEVER : new SchemaNode(List.copyOf(all));
    }

    /** The values that are not of it, as a union. */
    List<SchemaNode> negated() {
        if (isNever()) {
            return List.of(ANY);
        }
        List<SchemaNode> all = new ArrayList<>();
        terms.forEach(term -> all.add(new SchemaNode(List.of(term ^ 1))));
        return all;
    }
}
