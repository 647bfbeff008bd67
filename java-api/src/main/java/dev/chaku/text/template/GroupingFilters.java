package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Filters that make several lists of one. */
final class GroupingFilters {
    private GroupingFilters() {}

    static void register(Map<String, Builtin> registry) {
        Builtin.add(registry, "batch", "value linecount fill_with?", GroupingFilters::batch);
        Builtin.add(registry, "slice", "value slices fill_with?", GroupingFilters::slice);
        Builtin.add(registry, "groupby", "value attribute default? case_sensitive?", GroupingFilters::group);
    }

    private static Object batch(Rendering rendering, BoundArguments a) {
        List<@Nullable Object> items = Values.list(rendering.budget(), a.value(0));
        int size = Math.max(1, a.integer(1, 1));
        List<@Nullable Object> rows = new ArrayList<>();
        for (int i = 0; i < items.size(); i += Math.min(size, items.size())) {
            List<@Nullable Object> row =
                    new ArrayList<>(items.subList(i, (int) Math.min(items.size(), (long) i + size)));
            if (a.given(2) && a.value(2) != null) {
                rendering.budget().elements(size);
                while (row.size() < size) {
                    row.add(a.value(2));
                }
            }
            rows.add(row);
        }
        return OneShot.generator(rows);
    }

    /** Columns of as equal length as there are, the longer ones first. */
    private static Object slice(Rendering rendering, BoundArguments a) {
        List<@Nullable Object> items = Values.list(rendering.budget(), a.value(0));
        int count = a.integer(1, 0);
        if (count <= 0) {
            throw new TemplateFault("ZeroDivisionError", "integer division or modulo by zero");
        }
        rendering.budget().elements(count);
        int each = items.size() / count;
        int longer = items.size() % count;
        List<@Nullable Object> columns = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < count; i++) {
            int to = from + each + (i < longer ? 1 : 0);
            List<@Nullable Object> column = new ArrayList<>(items.subList(from, to));
            if (a.given(2) && a.value(2) != null && i >= longer) {
                column.add(a.value(2));
            }
            columns.add(column);
            from = to;
        }
        return OneShot.generator(columns);
    }

    /** Items with equal attributes, in the attribute's order, as (grouper, list). */
    private static Object group(Rendering rendering, BoundArguments a) {
        Budget budget = rendering.budget();
        boolean caseSensitive = a.flag(3, false);
        SequenceFilters.Key key = SequenceFilters.keys(budget, a.value(1), a.value(2, null), caseSensitive);
        SequenceFilters.Key exact = SequenceFilters.keys(budget, a.value(1), a.value(2, null), true);
        List<@Nullable Object> items = Values.list(budget, a.value(0));
        SequenceFilters.sort(items, key, false, (x, y) -> Comparison.order(budget, x, y));
        List<@Nullable Object> groups = new ArrayList<>();
        List<@Nullable Object> group = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            group.add(items.get(i));
            boolean last = i + 1 == items.size();
            if (last || !Comparison.equal(budget, key.of(items.get(i)), key.of(items.get(i + 1)))) {
                groups.add(
                        new Tuple(java.util.Arrays.asList(exact.of(group.get(0)), group), List.of("grouper", "list")));
                group = new ArrayList<>();
            }
        }
        return groups;
    }
}
