package dev.chaku.internal.adapter.merge;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.engine.DecoderModule.Place;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Weights for some products in place of those of the adapters.
 *
 * @param words what messages call it
 * @param name found in the names of the products; matches all where layers decide
 * @param firstLayer of the layers it is for, -1 for products outside of layers too
 * @param lastLayer the last of them
 * @param weights one for each adapter, in their order
 */
public record WeightRule(String words, Pattern name, int firstLayer, int lastLayer, List<Double> weights) {
    private static final Pattern ANY = Pattern.compile("");

    /** Copies the list. */
    public WeightRule {
        weights = List.copyOf(weights);
    }

    /** For the products in whose names an expression is found. */
    public static WeightRule ofName(Pattern name, List<Double> weights) {
        return new WeightRule("weights of '" + name + "'", name, -1, Integer.MAX_VALUE, weights);
    }

    /**
     * For the products of some layers.
     *
     * @throws BadInputException if there are no such layers
     */
    public static WeightRule ofLayers(int first, int last, List<Double> weights) {
        if (first < 0 || last < first) {
            throw BadInputException.ofSetting(
                    "layer weights", "a first layer of at least 0 and a last one not before it", first + "-" + last);
        }
        return new WeightRule("weights of layers " + first + "-" + last, ANY, first, last, weights);
    }

    boolean matches(Place place) {
        return place.layer() >= firstLayer
                && place.layer() <= lastLayer
                && name.matcher(place.name()).find();
    }

    @Override
    public String toString() {
        String of = name == ANY ? firstLayer + "-" + lastLayer : name.toString();
        return of + "=" + String.join(",", weights.stream().map(String::valueOf).toList());
    }
}
