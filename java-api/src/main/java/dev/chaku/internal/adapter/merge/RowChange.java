package dev.chaku.internal.adapter.merge;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.adapter.WholeWeight;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;

/** What becomes of rows of a tensor once all low-rank products are added to them. Thread-safe. */
interface RowChange {
    /** Whether it changes a row. */
    boolean touches(long row);

    /**
     * Changes rows in place.
     *
     * @param first row of the tensor
     * @param columns K
     * @param rows whole rows, from 0 to the limit
     */
    void apply(long first, int columns, FloatBuffer rows);

    /**
     * Gives each of a product's rows its length.
     *
     * @param name of the tensor, for messages
     * @param own which rows of the tensor are the product's
     */
    record Lengths(String name, WholeWeight.Lengths lengths, LowRankTerm.Rows own) implements RowChange {
        @Override
        public boolean touches(long row) {
            return own.local(row) >= 0;
        }

        @Override
        public void apply(long first, int columns, FloatBuffer rows) {
            for (int row = 0; row < rows.limit() / columns; row++) {
                long local = own.local(first + row);
                if (local >= 0) {
                    scale(rows, row * columns, columns, lengths.lengths()[Math.toIntExact(local)], first + row);
                }
            }
        }

        private void scale(FloatBuffer rows, int from, int columns, float length, long row) {
            double squares = 0;
            for (int i = 0; i < columns; i++) {
                double value = rows.get(from + i);
                squares += value * value;
            }
            if (squares == 0) {
                throw new BadInputException(name + ": row " + row + ": expected a row that can be given a length of "
                        + length + ", found zeros");
            }
            double factor = length / Math.sqrt(squares);
            for (int i = 0; i < columns; i++) {
                rows.put(from + i, (float) (rows.get(from + i) * factor));
            }
        }
    }

    /** Puts other rows in place of all. */
    record Replaced(WholeWeight.Rows others) implements RowChange {
        @Override
        public boolean touches(long row) {
            return true;
        }

        @Override
        public void apply(long first, int columns, FloatBuffer rows) {
            rows.put(0, others.read(first, rows.limit() / columns));
        }
    }

    /** Puts other rows in place of those of some tokens. */
    final class Tokens implements RowChange {
        private final WholeWeight.Rows others;
        private final Map<Long, Integer> places = new HashMap<>();

        Tokens(WholeWeight.Tokens tokens) {
            this.others = tokens.rows();
            for (int i = 0; i < tokens.tokens().size(); i++) {
                places.put((long) tokens.tokens().get(i), i);
            }
        }

        @Override
        public boolean touches(long row) {
            return places.containsKey(row);
        }

        @Override
        public void apply(long first, int columns, FloatBuffer rows) {
            for (int row = 0; row < rows.limit() / columns; row++) {
                Integer other = places.get(first + row);
                if (other != null) {
                    rows.put(row * columns, others.read(other, 1));
                }
            }
        }
    }
}
