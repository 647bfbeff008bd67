package dev.chaku.internal.generate.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/**
 * A set of JSON values by their types. Immutable.
 *
 * @param numbers as {@link NumberSets} writes them
 * @param strings as {@link StringSets} writes them
 * @param arrays a union
 * @param objects a union
 */
record Shape(
        boolean hasNull,
        boolean hasTrue,
        boolean hasFalse,
        Automaton numbers,
        Automaton strings,
        List<ArrayShape> arrays,
        List<ObjectShape> objects) {
    static final Shape ALL = new Shape(
            true, true, true, NumberSets.ALL, StringSets.ALL, List.of(ArrayShape.ALL), List.of(ObjectShape.ALL));
    static final Shape NONE = new Shape(false, false, false, Automata.NOTHING, Automata.NOTHING, List.of(), List.of());

    /** Most members of a union. */
    private static final int MOST = 256;

    /** The values of it that are no strings. */
    Shape withoutStrings() {
        return new Shape(hasNull, hasTrue, hasFalse, numbers, Automata.NOTHING, arrays, objects);
    }

    Shape and(Shape other) {
        return new Shape(
                hasNull && other.hasNull,
                hasTrue && other.hasTrue,
                hasFalse && other.hasFalse,
                cut(numbers, other.numbers),
                cut(strings, other.strings),
                product(arrays, other.arrays, ArrayShape::and),
                product(objects, other.objects, ObjectShape::and));
    }

    Shape or(Shape other) {
        return new Shape(
                hasNull || other.hasNull,
                hasTrue || other.hasTrue,
                hasFalse || other.hasFalse,
                Automata.either(numbers, other.numbers),
                Automata.either(strings, other.strings),
                union(arrays, other.arrays),
                union(objects, other.objects));
    }

    /** All values that are not of it. */
    Shape negated(String where) {
        List<ArrayShape> otherArrays = List.of(ArrayShape.ALL);
        for (ArrayShape each : arrays) {
            otherArrays = product(otherArrays, each.negated(where), ArrayShape::and);
        }
        List<ObjectShape> otherObjects = List.of(ObjectShape.ALL);
        for (ObjectShape each : objects) {
            otherObjects = product(otherObjects, each.negated(where), ObjectShape::and);
        }
        return new Shape(
                !hasNull,
                !hasTrue,
                !hasFalse,
                Automata.minus(NumberSets.ALL, numbers),
                Automata.minus(StringSets.ALL, strings),
                otherArrays,
                otherObjects);
    }

    /** What both accept; nothing is to be done where one is of all numbers or strings. */
    private static Automaton cut(Automaton a, Automaton b) {
        if (a == NumberSets.ALL || a == StringSets.ALL) {
            return b;
        }
        return b == NumberSets.ALL || b == StringSets.ALL ? a : Automata.both(a, b);
    }

    Shape withNumbers(Automaton some) {
        return new Shape(hasNull, hasTrue, hasFalse, cut(numbers, some), strings, arrays, objects);
    }

    Shape withStrings(Automaton some) {
        return new Shape(hasNull, hasTrue, hasFalse, numbers, cut(strings, some), arrays, objects);
    }

    Shape withArrays(ArrayShape some) {
        return new Shape(
                hasNull, hasTrue, hasFalse, numbers, strings, product(arrays, List.of(some), ArrayShape::and), objects);
    }

    Shape withObjects(ObjectShape some) {
        return withObjects(List.of(some));
    }

    Shape withObjects(List<ObjectShape> some) {
        return new Shape(
                hasNull, hasTrue, hasFalse, numbers, strings, arrays, product(objects, some, ObjectShape::and));
    }

    /** Only values of one type; numbers and integers are types of their own. */
    static Shape ofType(String type) {
        return switch (type) {
            case "null" -> new Shape(true, false, false, Automata.NOTHING, Automata.NOTHING, List.of(), List.of());
            case "boolean" -> new Shape(false, true, true, Automata.NOTHING, Automata.NOTHING, List.of(), List.of());
            case "number" -> new Shape(false, false, false, NumberSets.ALL, Automata.NOTHING, List.of(), List.of());
            case "integer" ->
                new Shape(false, false, false, NumberSets.INTEGERS, Automata.NOTHING, List.of(), List.of());
            case "string" -> new Shape(false, false, false, Automata.NOTHING, StringSets.ALL, List.of(), List.of());
            case "array" ->
                new Shape(false, false, false, Automata.NOTHING, Automata.NOTHING, List.of(ArrayShape.ALL), List.of());
            case "object" ->
                new Shape(false, false, false, Automata.NOTHING, Automata.NOTHING, List.of(), List.of(ObjectShape.ALL));
            default -> NONE;
        };
    }

    private static <T> List<T> product(List<T> a, List<T> b, BiFunction<T, T, T> and) {
        List<T> all = new ArrayList<>();
        for (T each : a) {
            for (T other : b) {
                T both = and.apply(each, other);
                if (!all.contains(both)) {
                    all.add(both);
                    requireFew(all);
                }
            }
        }
        return all;
    }

    private static <T> List<T> union(List<T> a, List<T> b) {
        List<T> all = new ArrayList<>(a);
        b.stream().filter(each -> !all.contains(each)).forEach(all::add);
        return requireFew(all);
    }

    private static <T> List<T> requireFew(List<T> all) {
        if (all.size() > MOST) {
            throw FormLimits.tooComplex("JSON schema");
        }
        return all;
    }
}
