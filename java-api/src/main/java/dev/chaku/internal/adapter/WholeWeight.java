package dev.chaku.internal.adapter;

import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.engine.SavedWeight;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an adapter says of a whole weight, which no low-rank addition can: only a merge can take it. Thread-safe. */
public sealed interface WholeWeight {
    /** The weight that it is of. */
    Place place();

    /**
     * The length that each row of the merged weight is to have, as DoRA trains it.
     *
     * @param lengths [N], in the file's order of rows; not copied
     */
    record Lengths(Place place, float[] lengths) implements WholeWeight {}

    /** Rows of a matrix in a file, in the order of its own. */
    final class Rows {
        private static final int AT_ONCE = 256;

        private final FoundModule.@Nullable Matrix matrix;
        private final @Nullable SavedWeight weight;

        Rows(FoundModule.Matrix matrix) {
            this.matrix = matrix;
            this.weight = null;
        }

        /** Those of a weight in memory. */
        public Rows(SavedWeight weight) {
            this.matrix = null;
            this.weight = weight;
        }

        /** How many there are. */
        public int count() {
            return matrix != null ? matrix.rows() : weight.rows();
        }

        /** D. */
        public int columns() {
            return matrix != null ? matrix.columns() : weight.columns();
        }

        /** All of them. */
        float[] all() {
            return weight != null ? weight.values() : read(0, count());
        }

        /** Whether others have the same values. */
        public boolean isSame(Rows other) {
            if (count() != other.count() || columns() != other.columns()) {
                return false;
            }
            for (int first = 0; first < count(); first += AT_ONCE) {
                int rows = Math.min(AT_ONCE, count() - first);
                if (!Arrays.equals(read(first, rows), other.read(first, rows))) {
                    return false;
                }
            }
            return true;
        }

        /** Reads rows. */
        public float[] read(long first, int count) {
            if (weight != null) {
                int from = Math.toIntExact(first * columns());
                return Arrays.copyOfRange(weight.values(), from, from + count * columns());
            }
            float[] values = new float[Math.multiplyExact(count, columns())];
            FloatBuffer target = DirectBuffers.floats(values.length);
            matrix.file().read(matrix.tensor().name(), first * columns(), target, DirectBuffers::bytes);
            target.get(0, values);
            return values;
        }
    }

    /** Rows in place of all of a weight's. */
    record Replaced(Place place, Rows rows) implements WholeWeight {}

    /**
     * Rows in place of those of some tokens.
     *
     * @param tokens of each row
     */
    record Tokens(Place place, Rows rows, List<Integer> tokens) implements WholeWeight {
        public Tokens {
            tokens = List.copyOf(tokens);
        }
    }
}
