package dev.chaku.internal.generate.grammar;

import dev.chaku.errors.BadInputException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the writing of an object can be: which named properties were written or passed over, and how many there are.
 * Names come in their order and then others; or in any order, and then all that were written are remembered.
 */
final class ObjectPlaces {
    private final ObjectShape object;
    private final List<String> names = new ArrayList<>();
    private final boolean anyOrder;
    private final int counted;
    private final long required;

    /**
     * A place.
     *
     * @param written in order: how many names are behind; in any order: one bit for each that was written
     * @param count properties so far, as far as it matters
     */
    record Place(long written, int count) {}

    /** A property: of a name, or of any of some names. */
    record Step(@Nullable String name, @Nullable Automaton names, SchemaNode node, Place to) {}

    /** @param mostInAnyOrder names that may come in any order; -1 for names in their order */
    ObjectPlaces(ObjectShape object, int mostInAnyOrder) {
        this.object = object;
        object.properties().forEach((name, node) -> {
            if (!node.isNever() || object.required().contains(name)) {
                names.add(name);
            }
        });
        this.anyOrder = mostInAnyOrder >= 0;
        if (anyOrder && names.size() > mostInAnyOrder) {
            throw new BadInputException(SchemaDocument.WHAT + ": expected at most " + mostInAnyOrder
                    + " named properties of an object in any order, found " + names.size());
        }
        boolean limited = object.maximum() < ObjectShape.ENDLESS;
        boolean counts = limited || object.minimum() > object.required().size();
        this.counted = !counts ? 0 : limited ? object.maximum() : object.minimum();
        long bits = 0;
        for (int i = 0; anyOrder && i < names.size(); i++) {
            bits |= object.required().contains(names.get(i)) ? 1L << i : 0;
        }
        this.required = bits;
    }

    Place first() {
        return new Place(0, 0);
    }

    boolean mayClose(Place place) {
        if (counted > 0 && place.count() < object.minimum()) {
            return false;
        }
        if (anyOrder) {
            return (place.written() & required) == required;
        }
        for (int i = (int) place.written(); i < names.size(); i++) {
            if (object.required().contains(names.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** The place after the next name, where that need not come; null where it must, or there is none. */
    @Nullable
    Place skip(Place place) {
        int next = (int) place.written();
        boolean may = !anyOrder && next < names.size() && !object.required().contains(names.get(next));
        return may ? new Place(next + 1, place.count()) : null;
    }

    List<Step> steps(Place place) {
        List<Step> steps = new ArrayList<>();
        boolean full = object.maximum() < ObjectShape.ENDLESS && place.count() >= object.maximum();
        if (full) {
            return steps;
        }
        int count = Math.min(counted, place.count() + 1);
        for (int i = 0; i < names.size(); i++) {
            boolean may = anyOrder ? (place.written() & 1L << i) == 0 : i == place.written();
            SchemaNode node = object.property(names.get(i));
            if (may && !node.isNever()) {
                Place to = new Place(anyOrder ? place.written() | 1L << i : i + 1, count);
                steps.add(new Step(names.get(i), null, node, to));
            }
        }
        if (anyOrder || place.written() == names.size()) {
            for (ObjectShape.NameClass each : object.others()) {
                steps.add(new Step(null, each.names(), each.node(), new Place(place.written(), count)));
            }
        }
        return steps;
    }
}
