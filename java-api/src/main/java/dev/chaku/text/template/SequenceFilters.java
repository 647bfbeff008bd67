package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Filters on sequences and dicts. */
final class SequenceFilters {
    private SequenceFilters() {}

    static void register(Map<String, Builtin> registry) {
        Builtin.add(registry, "length", "value", (r, a) -> Values.length(a.value(0)));
        Builtin.add(registry, "count", "value", (r, a) -> Values.length(a.value(0)));
        Builtin.add(registry, "list", "value", (r, a) -> Values.list(r.budget(), a.value(0)));
        Builtin.add(registry, "first", "value", (r, a) -> {
            Iterator<@Nullable Object> items = Values.iterate(r.budget(), a.value(0));
            return items.hasNext() ? items.next() : empty("first");
        });
        Builtin.add(registry, "last", "value", (r, a) -> {
            if (a.value(0) instanceof OneShot oneShot) {
                throw TemplateFault.type("'%s' object is not reversible".formatted(oneShot.typeName()));
            }
            List<@Nullable Object> items = Values.list(r.budget(), a.value(0));
            return items.isEmpty() ? empty("last") : items.get(items.size() - 1);
        });
        Builtin.add(
                registry,
                "join",
                "value d? attribute?",
                (r, a) -> join(
                        r,
                        Repr.str(r.budget(), a.value(1, "")),
                        a.given(2) && a.value(2) != null ? attributes(r, a.value(0), a.value(2), null) : a.value(0)));
        Builtin.add(registry, "reverse", "value", SequenceFilters::reverse);
        Builtin.add(registry, "sort", "value reverse? case_sensitive? attribute?", (r, a) -> {
            List<@Nullable Object> items = Values.list(r.budget(), a.value(0));
            // Python compares lists of keys here, in which equal ones are passed over, undefined ones too.
            sort(
                    items,
                    keys(r.budget(), a.value(3, null), a.flag(2, false)),
                    a.flag(1, false),
                    (x, y) -> Comparison.orderOfItems(r.budget(), x, y));
            return items;
        });
        Builtin.add(registry, "dictsort", "value case_sensitive? by? reverse?", SequenceFilters::dictSort);
        Builtin.add(registry, "items", "value", (r, a) -> {
            if (a.value(0) instanceof Undefined) {
                return OneShot.generator(List.of());
            }
            if (a.value(0) instanceof Map<?, ?> map) {
                return OneShot.generator(Methods.items(r, map));
            }
            throw TemplateFault.type("Can only get item pairs from a mapping.");
        });
        Builtin.add(registry, "unique", "value case_sensitive? attribute?", SequenceFilters::unique);
        Builtin.add(registry, "min", "value case_sensitive? attribute?", (r, a) -> extreme(r, a, 1));
        Builtin.add(registry, "max", "value case_sensitive? attribute?", (r, a) -> extreme(r, a, -1));
        Builtin.add(registry, "sum", "value attribute? start?", SequenceFilters::sum);
        Builtin.add(registry, "map", "value *", SequenceFilters::map);
        Builtin.add(registry, "select", "value *", (r, a) -> select(r, a, false, true));
        Builtin.add(registry, "reject", "value *", (r, a) -> select(r, a, false, false));
        Builtin.add(registry, "selectattr", "value *", (r, a) -> select(r, a, true, true));
        Builtin.add(registry, "rejectattr", "value *", (r, a) -> select(r, a, true, false));
    }

    private static Undefined empty(String filter) {
        return new Undefined("No %s item, sequence was empty.".formatted(filter), false);
    }

    static CharSequence join(Rendering rendering, CharSequence separator, @Nullable Object items) {
        Output out = new Output(rendering.budget());
        Iterator<@Nullable Object> iterator = Values.iterate(rendering.budget(), items);
        boolean first = true;
        while (iterator.hasNext()) {
            rendering.budget().elements(1);
            if (!first) {
                out.append(separator);
            }
            out.append(Repr.str(rendering.budget(), iterator.next()));
            first = false;
        }
        return out.toText();
    }

    /** Follows a dotted path of attributes or indices; an Undefined on the way becomes the default, if there is one. */
    private static @Nullable Object follow(
            Budget budget, @Nullable Object item, @Nullable Object path, @Nullable Object otherwise) {
        if (path instanceof Long) {
            return Values.item(budget, item, path);
        }
        Object value = item;
        for (String part : String.valueOf(path).split("\\.")) {
            boolean number =
                    !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
            value = Values.item(budget, value, number ? (Object) Long.valueOf(part) : part);
            if (value instanceof Undefined && otherwise != null) {
                value = otherwise;
            }
        }
        return value;
    }

    private static List<@Nullable Object> attributes(
            Rendering rendering, @Nullable Object items, @Nullable Object path, @Nullable Object otherwise) {
        List<@Nullable Object> values = Values.list(rendering.budget(), items);
        values.replaceAll(item -> follow(rendering.budget(), item, path, otherwise));
        return values;
    }

    /** How a sorting filter sees an item. */
    interface Key {
        @Nullable
        Object of(@Nullable Object item);
    }

    private static Key keys(Budget budget, @Nullable Object path, boolean caseSensitive) {
        return keys(budget, path, null, caseSensitive);
    }

    /** @param otherwise what stands in for a missing attribute, or null for nothing */
    static Key keys(Budget budget, @Nullable Object path, @Nullable Object otherwise, boolean caseSensitive) {
        return item -> {
            if (path instanceof CharSequence text && text.toString().contains(",")) {
                List<@Nullable Object> parts = new ArrayList<>();
                for (String part : text.toString().split(",")) {
                    parts.add(folded(follow(budget, item, part, otherwise), caseSensitive));
                }
                return new Tuple(parts);
            }
            return folded(path == null ? item : follow(budget, item, path, otherwise), caseSensitive);
        };
    }

    private static @Nullable Object folded(@Nullable Object value, boolean caseSensitive) {
        return value instanceof CharSequence text && !caseSensitive ? StringFilters.lower(text) : value;
    }

    /** Sorts by an order of keys; equal ones stay as they stand. */
    static void sort(List<@Nullable Object> items, Key key, boolean reverse, Comparator<@Nullable Object> orderOfKeys) {
        Comparator<@Nullable Object> order = (x, y) -> orderOfKeys.compare(key.of(x), key.of(y));
        try {
            items.sort(reverse ? order.reversed() : order);
        } catch (IllegalArgumentException e) {
            throw TemplateFault.value("values without an order, such as nan, cannot be sorted");
        }
    }

    private static Object dictSort(Rendering rendering, BoundArguments a) {
        if (!(a.value(0) instanceof Map<?, ?> map)) {
            throw TemplateFault.type("dictsort expected a dict, found " + TypeNames.of(a.value(0)));
        }
        CharSequence by = a.text(2, "key");
        if (!by.toString().equals("key") && !by.toString().equals("value")) {
            throw TemplateFault.value("dictsort can sort by \"key\" or \"value\", found \"%s\"".formatted(by));
        }
        List<@Nullable Object> items = Methods.items(rendering, map);
        Object part = by.toString().equals("key") ? 0L : 1L;
        sort(
                items,
                keys(rendering.budget(), part, a.flag(1, false)),
                a.flag(3, false),
                (x, y) -> Comparison.order(rendering.budget(), x, y));
        return items;
    }

    private static Object reverse(Rendering rendering, BoundArguments a) {
        List<@Nullable Object> items = Values.list(rendering.budget(), a.value(0));
        java.util.Collections.reverse(items);
        return a.value(0) instanceof CharSequence
                ? join(rendering, "", items)
                : new OneShot("list_reverseiterator", items.iterator());
    }

    private static Object unique(Rendering rendering, BoundArguments a) {
        Key key = keys(rendering.budget(), a.value(2, null), a.flag(1, false));
        java.util.Set<@Nullable Object> seen = new java.util.HashSet<>();
        List<@Nullable Object> items = Values.list(rendering.budget(), a.value(0));
        items.removeIf(item -> !seen.add(identity(rendering.budget(), key.of(item))));
        return OneShot.generator(items);
    }

    /** Equal for values that Python's dict takes for one key. */
    private static @Nullable Object identity(Budget budget, @Nullable Object value) {
        if (value instanceof Undefined) {
            return Undefined.class;
        }
        boolean whole = value instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1L << 53;
        return whole || value instanceof Boolean ? (Object) (long) Arithmetic.real(value) : Values.key(budget, value);
    }

    private static @Nullable Object extreme(Rendering rendering, BoundArguments a, int sign) {
        Key key = keys(rendering.budget(), a.value(2, null), a.flag(1, false));
        List<@Nullable Object> items = Values.list(rendering.budget(), a.value(0));
        if (items.isEmpty()) {
            return new Undefined("No aggregated item, sequence was empty.", false);
        }
        Object best = items.get(0);
        for (Object item : items.subList(1, items.size())) {
            if (sign * Comparison.order(rendering.budget(), key.of(item), key.of(best)) < 0) {
                best = item;
            }
        }
        return best;
    }

    private static @Nullable Object sum(Rendering rendering, BoundArguments a) {
        Object path = a.value(1, null);
        Object total = a.value(2, 0L);
        for (Object item : Values.list(rendering.budget(), a.value(0))) {
            Object term = path == null ? item : follow(rendering.budget(), item, path, null);
            total = Arithmetic.binary(rendering.budget(), "+", total, term);
        }
        return total;
    }

    private static Object map(Rendering rendering, BoundArguments a) {
        if (!Truth.of(a.value(0))) {
            return OneShot.generator(List.of());
        }
        if (a.rest().isEmpty() && a.named().containsKey("attribute")) {
            return OneShot.generator(attributes(
                    rendering, a.value(0), a.named().get("attribute"), a.named().get("default")));
        }
        if (a.rest().isEmpty()) {
            throw TemplateFault.type("map requires a filter argument");
        }
        Builtin filter = Filters.find(String.valueOf(a.rest().get(0)));
        Arguments rest = new Arguments(a.rest().subList(1, a.rest().size()), a.named());
        List<@Nullable Object> items = Values.list(rendering.budget(), a.value(0));
        items.replaceAll(item -> filter.callOn(rendering, item, rest));
        return OneShot.generator(items);
    }

    private static Object select(Rendering rendering, BoundArguments a, boolean byAttribute, boolean wanted) {
        if (!Truth.of(a.value(0))) {
            return OneShot.generator(List.of());
        }
        List<@Nullable Object> rest = a.rest();
        if (byAttribute && rest.isEmpty()) {
            throw TemplateFault.type("Missing parameter for attribute name");
        }
        Object path = byAttribute ? rest.get(0) : null;
        int used = byAttribute ? 1 : 0;
        Builtin test = rest.size() > used ? Tests.find(String.valueOf(rest.get(used))) : null;
        Arguments arguments =
                test == null ? Arguments.NONE : new Arguments(rest.subList(used + 1, rest.size()), a.named());
        List<@Nullable Object> items = Values.list(rendering.budget(), a.value(0));
        items.removeIf(item -> {
            Object value = byAttribute ? follow(rendering.budget(), item, path, null) : item;
            Object passed = test == null ? value : test.callOn(rendering, value, arguments);
            return Truth.of(passed) != wanted;
        });
        return OneShot.generator(items);
    }
}
