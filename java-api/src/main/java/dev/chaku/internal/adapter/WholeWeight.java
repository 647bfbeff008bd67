package dev.chaku.internal.adapter;

import dev.chaku.internal.engine.DecoderModule.Place;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.FloatBuffer;
import java.util.List;

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
        private final FoundModule.Matrix matrix;

        Rows(FoundModule.Matrix matrix) {
            this.matrix = matrix;
        }

        /** How many there are. */
        public int count() {
            return matrix.rows();
        }

        /** D. */
        public int columns() {
            return matrix.columns();
        }

        /** Reads rows. */
        public float[] read(long first, int count) {
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
