package dev.chaku.text.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Access to the parts of a value: iteration, length, elements, slices, attributes. */
final class Values {
    /** A key's tuples are copied, hashed and compared; one that holds another twice, and so on, soon has millions. */
    private static final int STEPS_PER_TUPLE_KEY = 128;

    private Values() {}

    /** A value as a dict key: a plain str, another scalar, or a tuple of such. */
    static @Nullable Object key(Budget budget, @Nullable Object value) {
        if (value instanceof CharSequence text) {
            return text.toString();
        }
        if (value == null || value instanceof Boolean || value instanceof Number) {
            return value;
        }
        if (value instanceof Tuple tuple) {
            budget.elements(STEPS_PER_TUPLE_KEY);
            List<@Nullable Object> items = new ArrayList<>(tuple.items().size());
            tuple.items().forEach(item -> items.add(key(budget, item)));
            return new Tuple(items);
        }
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        throw TemplateFault.type("unhashable type: '%s'".formatted(TypeNames.of(value)));
    }

    /** The items of a list or tuple, or null if the value is none. */
    @SuppressWarnings("unchecked")
    static @Nullable List<@Nullable Object> sequence(@Nullable Object value) {
        if (value instanceof List<?> list) {
            return (List<@Nullable Object>) list;
        }
        return value instanceof Tuple tuple ? tuple.items() : null;
    }

    @SuppressWarnings("unchecked")
    static Iterator<@Nullable Object> iterate(Budget budget, @Nullable Object value) {
        if (value instanceof Undefined) {
            return List.<@Nullable Object>of().iterator();
        }
        if (value instanceof Map<?, ?> map) {
            return ((Map<Object, @Nullable Object>) map).keySet().<@Nullable Object>iterator();
        }
        if (value instanceof DictView view) {
            return view.items().iterator();
        }
        if (value instanceof OneShot oneShot) {
            return oneShot.iterator();
        }
        if (value instanceof CharSequence text) {
            budget.takeApart(text);
            return PythonString.characters(text).iterator();
        }
        List<@Nullable Object> items = sequence(value);
        if (items == null) {
            throw TemplateFault.type("'%s' object is not iterable".formatted(TypeNames.of(value)));
        }
        return items.iterator();
    }

    /** All that iteration yields, in a new list. */
    static List<@Nullable Object> list(Budget budget, @Nullable Object value) {
        List<@Nullable Object> items = new ArrayList<>();
        iterate(budget, value).forEachRemaining(item -> {
            budget.elements(1);
            items.add(item);
        });
        return items;
    }

    static boolean isSized(@Nullable Object value) {
        return value instanceof CharSequence
                || value instanceof List<?>
                || value instanceof Tuple
                || value instanceof Map<?, ?>
                || value instanceof DictView
                || value instanceof LoopState
                || value instanceof Undefined;
    }

    static long length(@Nullable Object value) {
        if (value instanceof CharSequence text) {
            return PythonString.length(text);
        }
        if (value instanceof List<?> list) {
            return list.size();
        }
        if (value instanceof Map<?, ?> map) {
            return map.size();
        }
        if (value instanceof Tuple tuple) {
            return tuple.items().size();
        }
        if (value instanceof DictView view) {
            return view.items().size();
        }
        if (value instanceof Undefined) {
            return 0;
        }
        if (value instanceof LoopState loop) {
            return loop.length();
        }
        throw TemplateFault.type("object of type '%s' has no len()".formatted(TypeNames.of(value)));
    }

    /** {@code target.name}: a method or attribute first, then an element of that name. */
    static @Nullable Object attribute(@Nullable Object target, String name) {
        if (target instanceof Undefined undefined) {
            throw undefined.fault();
        }
        Object attribute = Methods.attribute(target, name);
        if (attribute != null) {
            return attribute;
        }
        if (target instanceof Map<?, ?> map) {
            Object value = map.get(name);
            if (value != null || map.containsKey(name)) {
                return value;
            }
        }
        return namespaceOrMissing(target, name);
    }

    private static @Nullable Object namespaceOrMissing(@Nullable Object target, String name) {
        if (target instanceof Namespace namespace && namespace.attributes().containsKey(name)) {
            return namespace.attributes().get(name);
        }
        return new Undefined("'%s' has no attribute '%s'".formatted(TypeNames.ofOwner(target), name), false);
    }

    /** {@code target[index]}: an element first, then an attribute of that name. */
    static @Nullable Object item(Budget budget, @Nullable Object target, @Nullable Object index) {
        if (target instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (target instanceof Map<?, ?> map) {
            if (index instanceof CharSequence
                    || index == null
                    || Arithmetic.isNumber(index)
                    || index instanceof Tuple) {
                Object key = key(budget, index);
                Object value = map.get(key);
                if (value != null || map.containsKey(key)) {
                    return value;
                }
            }
        } else if (target instanceof CharSequence text && (index instanceof Long || index instanceof Boolean)) {
            long position = Arithmetic.integer(index).longValue();
            String plain = text.toString();
            budget.scan(text);
            long size = PythonString.length(text);
            long at = position + (position < 0 ? size : 0);
            if (at >= 0 && at < size) {
                int start = plain.offsetByCodePoints(0, (int) at);
                return Text.slice(text, start, plain.offsetByCodePoints(start, 1));
            }
        } else if (index instanceof Long || index instanceof Boolean) {
            List<@Nullable Object> items = sequence(target);
            long position = Arithmetic.integer(index).longValue();
            if (items != null) {
                position += position < 0 ? items.size() : 0;
                if (position >= 0 && position < items.size()) {
                    return items.get((int) position);
                }
            }
        }
        if (index instanceof CharSequence name) {
            Object attribute = target == null ? null : Methods.attribute(target, name.toString());
            return attribute != null ? attribute : namespaceOrMissing(target, name.toString());
        }
        return new Undefined(
                "%s has no element %s"
                        .formatted(TypeNames.ofOwner(target), index instanceof Long ? index : "of that key"),
                false);
    }

    /** {@code target[start:stop:step]}. */
    static @Nullable Object slice(
            Budget budget,
            @Nullable Object target,
            @Nullable Object start,
            @Nullable Object stop,
            @Nullable Object step) {
        if (target instanceof Undefined undefined) {
            throw undefined.fault();
        }
        List<@Nullable Object> items = sequence(target);
        if (items == null && !(target instanceof CharSequence)) {
            return new Undefined("%s has no slices".formatted(TypeNames.ofOwner(target)), false);
        }
        long size = length(target);
        long by = bound(step, 1);
        if (by == 0) {
            throw TemplateFault.value("slice step cannot be zero");
        }
        long from = clamp(bound(start, by > 0 ? 0 : Long.MAX_VALUE), size, by < 0);
        long to = stop == null ? (by > 0 ? size : -1) : clamp(bound(stop, 0), size, by < 0);
        // A list's part is made of elements; a str's costs its characters when it is put together.
        budget.elements(items == null ? size >> 4 : Math.max(0, (to - from) / by));
        if (target instanceof CharSequence text && by == 1) {
            String plain = text.toString();
            int first = plain.offsetByCodePoints(0, (int) from);
            return to <= from ? "" : Text.slice(text, first, plain.offsetByCodePoints(first, (int) (to - from)));
        }
        if (items == null) {
            budget.takeApart((CharSequence) target);
        }
        List<@Nullable Object> source = items == null ? PythonString.characters((CharSequence) target) : items;
        if (target instanceof Range range) {
            return range.slice(from, to, by);
        }
        List<@Nullable Object> picked = new ArrayList<>();
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            picked.add(source.get((int) i));
        }
        if (target instanceof CharSequence) {
            Output out = new Output(budget);
            picked.forEach(part -> out.append((CharSequence) java.util.Objects.requireNonNull(part)));
            return out.toText();
        }
        return target instanceof Tuple ? new Tuple(picked) : picked;
    }

    private static long bound(@Nullable Object value, long otherwise) {
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Long || value instanceof Boolean) {
            return Arithmetic.integer(value).longValue();
        }
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        throw TemplateFault.type("slice indices must be integers or None");
    }

    private static long clamp(long index, long size, boolean backwards) {
        long low = backwards ? -1 : 0;
        long high = backwards ? size - 1 : size;
        long position = index < 0 ? index + size : index;
        return Math.max(low, Math.min(high, position));
    }
}
