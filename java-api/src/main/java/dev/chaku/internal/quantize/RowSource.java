package dev.chaku.internal.quantize;

import java.nio.FloatBuffer;

/** Delivers the rows of a matrix as numbers, in any order and from several threads at once. */
@FunctionalInterface
public interface RowSource {
    /**
     * Fills what remains of a direct buffer, which is a whole number of rows.
     *
     * @param row index of the first
     * @param scratch the caller's, for whatever the source needs
     * @throws dev.chaku.errors.BadInputException if they cannot be read
     */
    void read(long row, FloatBuffer target, Scratch scratch);
}
