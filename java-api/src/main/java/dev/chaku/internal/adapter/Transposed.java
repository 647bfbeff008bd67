package dev.chaku.internal.adapter;

/** Matrices with rows and columns exchanged. */
final class Transposed {
    private Transposed() {}

    /** A new matrix [columns, rows] of one [rows, columns]. */
    static float[] of(float[] matrix, int rows, int columns) {
        float[] result = new float[matrix.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                result[column * rows + row] = matrix[row * columns + column];
            }
        }
        return result;
    }
}
