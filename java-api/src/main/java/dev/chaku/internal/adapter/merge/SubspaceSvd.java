package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.adapter.merge.JacobiSvd.Svd;
import dev.chaku.internal.adapter.merge.Vectors.Grid;
import dev.chaku.internal.io.Interruption;
import java.util.Arrays;

/**
 * The leading singular values and vectors of a matrix M, of shape [N, K], that is too large to be decomposed: subspace
 * iteration on G = MᵀM (Halko, Martinsson and Tropp 2011; Golub and Van Loan 8.2.4). An orthonormal basis Q of L
 * columns becomes one of G Q until M Q holds as much of M as it will; each time the rows of M are gone through once, in
 * tiles, of which both M Q and G Q come. Then M ≈ (M Q) Qᵀ, and of the slim M Q the decomposition is small. Columns
 * beyond those that are wanted make it converge fast.
 *
 * <p>What is still to be gained is known in each pass. With θ and w the eigenvalues and vectors of QᵀG Q, an eigenvalue
 * of G is larger than its θ by about ‖G Q w - θ Q w‖² / (θ - θ_L) (the residual bound of Parlett, The Symmetric
 * Eigenvalue Problem, 11.7, with the smallest θ in place of what Q has not), and one more pass makes that smaller by
 * (θ_L / θ)². So the last pass is known before it begins, and needs no G Q.
 *
 * <p>All matrices here are stored column after column, but for tiles.
 */
final class SubspaceSvd {
    /** Columns of a block that are multiplied at once, and rows: what stays in the first cache. */
    private static final int STRETCH = 4096 / Tile.ROWS;

    private static final int ROWS = 16;

    /** What further passes would gain, relative to what is kept, that is not worth them. */
    private static final double CONVERGED = 1e-7;

    /** θ_L is below what it stands for: the more so the less Q has converged. */
    private static final double CAUTION = 10;

    private static final int MOST_PASSES = 12;

    private final TiledMatrix matrix;
    private final int rows;
    private final int columns;
    private final int size;
    private final Tile scratch;

    /** A block of a tile, transposed. */
    private final double[][] transposed = new double[Tile.WIDTH][Tile.ROWS];

    /** M Q of a tile, a column each. */
    private final double[][] part;

    /** M Q of the last pass, [N, L]. */
    private final double[] image;

    private double sumOfSquares = -1;

    private SubspaceSvd(TiledMatrix matrix, int size) {
        this.matrix = matrix;
        this.rows = matrix.rows();
        this.columns = matrix.columns();
        this.size = size;
        this.scratch = new Tile(columns);
        this.part = new double[size][Tile.ROWS];
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
     * What a basis has.
     *
     * @param kept the sum of the squares of the wanted singular values
     * @param missing what that is too small by, about
     * @param contraction what a further pass multiplies it by, at most
     */
    private record Progress(double kept, double missing, double contraction) {
        boolean isEnough() {
            return missing <= CONVERGED * kept;
        }

        boolean isEnoughAfterOneMore() {
            return CAUTION * contraction * missing <= CONVERGED * kept;
        }
    }

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
        double keptBefore = 0;
        double gainBefore = 0;
        for (int pass = 1; ; pass++) {
            double[] next = iteration.pass(basis);
            Progress progress = iteration.progress(basis, next, wanted);
            double gain = progress.kept() - keptBefore;
            boolean stands = pass > 1 && remaining(gain, gainBefore, pass) <= CONVERGED * progress.kept();
            if (pass == MOST_PASSES || stands || progress.isEnough()) {
                return iteration.finish(basis);
            }
            basis = iteration.orthonormal(next);
            if (progress.isEnoughAfterOneMore()) {
                iteration.lastPass(basis);
                return iteration.finish(basis);
            }
            keptBefore = progress.kept();
            gainBefore = gain;
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

    /** Sets M Q and, the first time, the sum of squares, and returns G Q, [K, L]. */
    private double[] pass(double[] basis) {
        double[][][] sums = new double[scratch.blocks()][size][Tile.WIDTH];
        boolean isFirst = sumOfSquares < 0;
        sumOfSquares = Math.max(0, sumOfSquares);
        for (int row = 0; row < rows; row += Tile.ROWS) {
            int n = Math.min(Tile.ROWS, rows - row);
            Tile tile = image(basis, row, n);
            for (int at = 0; at < tile.blocks(); at++) {
                addTransposed(tile.block(at), n, tile.width(at), sums[at]);
                for (int i = 0; isFirst && i < n; i++) {
                    sumOfSquares += Vectors.sumOfSquares(tile.block(at)[i], 0, tile.width(at));
                }
            }
        }
        double[] next = new double[columns * size];
        for (int at = 0; at < sums.length; at++) {
            for (int j = 0; j < size; j++) {
                System.arraycopy(sums[at][j], 0, next, j * columns + at * Tile.WIDTH, scratch.width(at));
            }
        }
        return next;
    }

    /** Sets M Q alone. */
    private void lastPass(double[] basis) {
        for (int row = 0; row < rows; row += Tile.ROWS) {
            image(basis, row, Math.min(Tile.ROWS, rows - row));
        }
    }

    /** Sets some rows of M Q, also in the part, and returns the tile of M. */
    private Tile image(double[] basis, int row, int n) {
        Interruption.check("merge");
        Tile tile = matrix.rows(row, n, scratch);
        for (double[] column : part) {
            Arrays.fill(column, 0);
        }
        for (int at = 0; at < tile.blocks(); at++) {
            int width = tile.width(at);
            transpose(tile.block(at), n, width);
            for (int k = 0; k < width; k += STRETCH) {
                int inner = Math.min(STRETCH, width - k);
                for (int j = 0; j < size; j++) {
                    int from = j * columns + at * Tile.WIDTH + k;
                    Vectors.addRows(basis, from, transposed, k, inner, part[j], Tile.ROWS);
                }
            }
        }
        for (int j = 0; j < size; j++) {
            System.arraycopy(part[j], 0, image, j * rows + row, n);
        }
        return tile;
    }

    /** Four columns at a time; what was in further rows stays, and comes to nothing that is looked at. */
    private void transpose(double[][] block, int n, int width) {
        int k = 0;
        for (; k + 4 <= width; k += 4) {
            double[] t0 = transposed[k];
            double[] t1 = transposed[k + 1];
            double[] t2 = transposed[k + 2];
            double[] t3 = transposed[k + 3];
            for (int i = 0; i < n; i++) {
                double[] row = block[i];
                t0[i] = row[k];
                t1[i] = row[k + 1];
                t2[i] = row[k + 2];
                t3[i] = row[k + 3];
            }
        }
        for (; k < width; k++) {
            for (int i = 0; i < n; i++) {
                transposed[k][i] = block[i][k];
            }
        }
    }

    /** Adds the transposed block times the part's columns. */
    private void addTransposed(double[][] block, int n, int width, double[][] sums) {
        for (int i = 0; i < n; i += ROWS) {
            int inner = Math.min(ROWS, n - i);
            for (int j = 0; j < size; j++) {
                Vectors.addRows(part[j], i, block, i, inner, sums[j], width);
            }
        }
    }

    private Progress progress(double[] basis, double[] next, int wanted) {
        double[] gram = new double[size * size];
        for (int j = 0; j < size; j++) {
            for (int i = 0; i < size; i++) {
                gram[j * size + i] = Vectors.dot(basis, i * columns, next, j * columns, columns);
            }
        }
        Svd eigen = JacobiSvd.of(gram, size, size);
        double[] theta = eigen.sigma();
        double least = theta[size - 1];
        double kept = 0;
        double missing = 0;
        double[] residual = new double[columns];
        for (int i = 0; i < wanted; i++) {
            kept += theta[i];
            Arrays.fill(residual, 0);
            for (int j = 0; j < size; j++) {
                double w = eigen.v()[i * size + j];
                Vectors.add(w, next, j * columns, residual, 0, columns);
                Vectors.add(-w * theta[i], basis, j * columns, residual, 0, columns);
            }
            double square = Vectors.sumOfSquares(residual, 0, columns);
            missing += square == 0 ? 0 : square / (theta[i] - least);
        }
        double ratio = least / theta[wanted - 1];
        return new Progress(kept, missing, ratio * ratio);
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
