package dev.chaku.internal.engine;

import java.util.List;
import java.util.Optional;

/**
 * A whole weight in place of a base's: its token embedding or its output projection.
 *
 * @param place of the weight; where one matrix of the base is both, each is an end of its own
 * @param rows V
 * @param columns D
 * @param values [V, D]; not copied, not to be altered
 */
public record SavedWeight(DecoderModule.Place place, int rows, int columns, float[] values) {
    public SavedWeight {
        if ((long) rows * columns != values.length) {
            throw new IllegalArgumentException(
                    place.name() + ": expected " + (long) rows * columns + " values, got " + values.length);
        }
    }

    /** Checks that all values are finite, see {@link LoraPair#requireFinite}. */
    public void requireFinite(String source) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw LoraPair.notFinite(source + ": tensor " + place.name() + ".weight", values[i], i);
            }
        }
    }

    /** Of some weights the one at a place outside of layers. */
    public static Optional<SavedWeight> find(List<SavedWeight> weights, DecoderModule module) {
        return weights.stream().filter(each -> each.place().module() == module).findFirst();
    }

    /** Whether some weights are one matrix that is the embedding and the output projection. */
    public static boolean isOne(List<SavedWeight> weights) {
        return weights.size() == 2 && weights.get(0).values() == weights.get(1).values();
    }
}
