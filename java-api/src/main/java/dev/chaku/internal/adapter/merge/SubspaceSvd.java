package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.adapter.merge.JacobiSvd.Svd;
import dev.chaku.internal.adapter.merge.Vectors.Grid;
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

    /** Columns of the tile that are multiplied at once. */
    private static final int STRETCH = 64;

    /** What further passes would gain, relative to what is kept, that is not worth them. */
    private static final double CONVERGED = 1e-7;

    private static final int MOST_PASSES = 12;

    private final TiledMatrix matrix;
    private final int rows;
    private final int columns;
    private final int size;
    private final double[] tile;

    /** A stretch of the columns of the tile, together so that it stays in the cache. */
    private final double[] stretch = new double[STRETCH * TILE_ROWS];

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
        double before = 0;
        double gainBefore = 0;
        for (int pass = 1; ; pass++) {
            double[] next = iteration.pass(basis);
            double kept = iteration.kept(basis, next, wanted);
            double gain = kept - before;
            if (pass == MOST_PASSES || pass > 1 && remaining(gain, gainBefore, pass) <= CONVERGED * kept) {
                return iteration.finish(basis);
            }
            before = kept;
            gainBefore = gain;
            basis = iteration.orthonormal(next);
        }
    }

    /** What further passes would gain, as gains fall by the same factor from each to the next. */
    private static double remaining(double gain, double gainBefore, int pass) {
        // The first gain is all that was kept, and tells nothing of the factor.
        double factor = pass > 2 ? gain / gainBefore : 1;
        return factor < 1 ? Math.max(0, gain * factor / (1 - factor)) : gain;
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
                    stretch[k * TILE_ROWS + i] = tile[i * columns + at + k];
                }
            }
            Vectors.addProduct(
                    Grid.ofRows(basis, at, columns),
                    Grid.ofRows(stretch, 0, TILE_ROWS),
                    Grid.ofRows(part, 0, TILE_ROWS),
                    size,
                    width,
                    TILE_ROWS);
        }
    }

    /** Adds the transposed tile times the part's columns. */
    private void multiplyTransposed(int n, double[] next) {
        for (int at = 0; at < columns; at += STRETCH) {
            int width = Math.min(STRETCH, columns - at);
            for (int i = 0; i < n; i++) {
                System.arraycopy(tile, i * columns + at, stretch, i * STRETCH, width);
            }
            Vectors.addProduct(
                    Grid.ofRows(part, 0, TILE_ROWS),
                    Grid.ofRows(stretch, 0, STRETCH),
                    Grid.ofRows(next, at, columns),
                    size,
                    n,
                    width);
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
        Vectors.addProduct(
                Grid.ofRows(small.v(), 0, size),
                Grid.ofRows(basis, 0, columns),
                Grid.ofRows(v, 0, columns),
                small.count(),
                size,
                columns);
        return new Leading(new Svd(small.count(), us, small.sigma(), v), sumOfSquares);
    }
}
