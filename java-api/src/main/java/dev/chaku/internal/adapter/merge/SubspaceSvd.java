package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.adapter.merge.JacobiSvd.Svd;
import dev.chaku.internal.io.Interruption;
import java.util.Arrays;

/**
 * The leading singular values and vectors of a matrix M, of shape [N, K], that is too large to be decomposed or even
 * stored: subspace iteration on MᵀM (Halko, Martinsson and Tropp 2011; Golub and Van Loan 8.2.4). An orthonormal basis
 * Q of L columns becomes one of MᵀM Q until M Q holds as much of M as it will; each time the rows of M are gone through
 * once, in tiles, of which both M Q and MᵀM Q come. Then M ≈ (M Q) Qᵀ, and of the slim M Q the decomposition is small.
 * Columns beyond those that are wanted make it converge fast.
 *
 * <p>All matrices here are stored column after column, but for tiles.
 */
final class SubspaceSvd {
    static final int TILE_ROWS = 64;

    /** Values of a stretch that is transposed at once. */
    private static final int STRETCH = 64;

    /** The relative gain of a pass that is not worth another. */
    private static final double CONVERGED = 1e-7;

    private static final int MOST_PASSES = 12;

    private final TiledMatrix matrix;
    private final int rows;
    private final int columns;
    private final int size;
    private final double[] tile;
    private final double[] transposed = new double[STRETCH * TILE_ROWS];
    private final double[] part;

    /** M Q of the last pass, [N, L]. */
    private final double[] image;

    private double sumOfSquares;

    private SubspaceSvd(TiledMatrix matrix, int size) {
        this.matrix = matrix;
        this.rows = matrix.rows();
        this.columns = matrix.columns();
        this.size = size;
        this.tile = new double[TILE_ROWS * columns];
        this.part = new double[size * TILE_ROWS];
        this.image = new double[rows * size];
    }

    /**
     * What was found.
     *
     * @param svd of M, as far as it is known
     * @param sumOfSquares of all values of M, that is, of all singular values
     */
    record Leading(Svd svd, double sumOfSquares) {}

    /**
     * Decomposes.
     *
     * @param start L columns of K values, L at most N and K: a guess of the right singular vectors; is overwritten
     * @param wanted how many singular values matter
     */
    static Leading of(TiledMatrix matrix, double[] start, int wanted) {
        int size = start.length / matrix.columns();
        SubspaceSvd iteration = new SubspaceSvd(matrix, size);
        double[] basis = iteration.orthonormal(start);
        double before = -1;
        for (int pass = 1; ; pass++) {
            double[] next = iteration.pass(basis);
            double kept = iteration.kept(basis, next, wanted);
            if (pass == MOST_PASSES || kept - before <= CONVERGED * kept) {
                return iteration.finish(basis);
            }
            before = kept;
            basis = iteration.orthonormal(next);
        }
    }

    private double[] orthonormal(double[] values) {
        double[] identity = new double[size * size];
        for (int i = 0; i < size; i++) {
            identity[i * size + i] = 1;
        }
        return new HouseholderQr(values, columns, size).applyQ(identity, size);
    }

    /** Sets M Q and the sum of squares, and returns MᵀM Q, [K, L]. */
    private double[] pass(double[] basis) {
        double[] next = new double[columns * size];
        Arrays.fill(image, 0);
        sumOfSquares = 0;
        for (int row = 0; row < rows; row += TILE_ROWS) {
            Interruption.check("merge");
            int n = Math.min(TILE_ROWS, rows - row);
            matrix.rows(row, n, tile);
            sumOfSquares += Vectors.sumOfSquares(tile, 0, n * columns);
            multiply(basis, n);
            for (int j = 0; j < size; j++) {
                System.arraycopy(part, j * TILE_ROWS, image, j * rows + row, n);
            }
            multiplyTransposed(n, next);
        }
        return next;
    }

    /** The part's columns become the tile times those of the basis. */
    private void multiply(double[] basis, int n) {
        Arrays.fill(part, 0);
        for (int at = 0; at < columns; at += STRETCH) {
            int width = Math.min(STRETCH, columns - at);
            for (int i = 0; i < n; i++) {
                for (int k = 0; k < width; k++) {
                    transposed[k * TILE_ROWS + i] = tile[i * columns + at + k];
                }
            }
            for (int j = 0; j < size; j++) {
                Vectors.addAll(
                        width, basis, j * columns + at, 1, transposed, 0, TILE_ROWS, part, j * TILE_ROWS, TILE_ROWS);
            }
        }
    }

    /** Adds the transposed tile times the part's columns. */
    private void multiplyTransposed(int n, double[] next) {
        int stretch = 4 * STRETCH;
        for (int at = 0; at < columns; at += stretch) {
            int width = Math.min(stretch, columns - at);
            for (int j = 0; j < size; j++) {
                Vectors.addAll(n, part, j * TILE_ROWS, 1, tile, at, columns, next, j * columns + at, width);
            }
        }
    }

    /** The sum of the first eigenvalues of QᵀMᵀM Q: what M Q holds of M. */
    private double kept(double[] basis, double[] next, int wanted) {
        double[] gram = new double[size * size];
        for (int j = 0; j < size; j++) {
            for (int i = 0; i < size; i++) {
                gram[j * size + i] = Vectors.dot(basis, i * columns, next, j * columns, columns);
            }
        }
        return Arrays.stream(JacobiSvd.of(gram, size, size).sigma())
                .limit(wanted)
                .sum();
    }

    private Leading finish(double[] basis) {
        HouseholderQr qr = new HouseholderQr(image, rows, size);
        Svd small = JacobiSvd.of(qr.r(), qr.steps(), size);
        double[] us = qr.applyQ(small.us(), small.count());
        double[] v = new double[columns * small.count()];
        for (int j = 0; j < small.count(); j++) {
            Vectors.addAll(size, small.v(), j * size, 1, basis, 0, columns, v, j * columns, columns);
        }
        return new Leading(new Svd(small.count(), us, small.sigma(), v), sumOfSquares);
    }
}
