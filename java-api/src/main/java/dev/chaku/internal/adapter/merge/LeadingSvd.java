package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.adapter.merge.JacobiSvd.Svd;
import dev.chaku.internal.adapter.merge.Vectors.Grid;
import java.util.SplittableRandom;

/**
 * The leading singular values and vectors of a matrix M [N, K] that is known by its products alone: subspace iteration
 * from a random basis of a fixed seed (Halko, Martinsson and Tropp, "Finding Structure with Randomness", 2011,
 * algorithm 4.4). A basis Q of L columns becomes an orthonormal one of Mᵀ(M Q) some times; then M ≈ (M Q) Qᵀ, and of
 * the slim M Q the decomposition is small. A vector's error falls each time by (σ of L + 1 / its σ)², so that half as
 * many columns again as are wanted leave little of it where singular values fall; where they hardly do, any of the
 * vectors does as well as another. A matrix of no more than L rows or columns is decomposed exactly.
 *
 * <p>All matrices here are stored column after column. Takes 2 L (N + K) numbers.
 */
public final class LeadingSvd {
    private static final int PASSES = 8;

    private static final int LEAST_MORE = 10;

    private static final long SEED = 20240404;

    private LeadingSvd() {}

    /** A matrix M [N, K]. */
    public interface Matrix {
        int rows();

        int columns();

        /** M Q [N, count] of Q [K, count]. */
        double[] times(double[] q, int count);

        /** The transposed M times Y, [K, count], of Y [N, count]. */
        double[] transposedTimes(double[] y, int count);
    }

    /**
     * What was found.
     *
     * @param u [N, count], columns of length 1; those of a singular value of 0 are 0
     * @param sigma the singular values, falling
     * @param v [K, count], likewise
     */
    public record Leading(double[] u, double[] sigma, double[] v) {}

    /** Columns that are iterated with, for so many that are wanted. */
    public static int size(int rows, int columns, int wanted) {
        return Math.min(Math.min(rows, columns), wanted + Math.max(LEAST_MORE, wanted / 2));
    }

    /** @param wanted how many; fewer come of a matrix with fewer rows or columns */
    public static Leading of(Matrix matrix, int wanted) {
        int n = matrix.rows();
        int k = matrix.columns();
        int size = size(n, k, wanted);
        SplittableRandom random = new SplittableRandom(SEED);
        double[] basis = new double[k * size];
        for (int i = 0; i < basis.length; i++) {
            basis[i] = random.nextDouble() - 0.5;
        }
        basis = orthonormal(basis, k, size);
        for (int pass = 0; pass < PASSES; pass++) {
            double[] image = orthonormal(matrix.times(basis, size), n, size);
            basis = orthonormal(matrix.transposedTimes(image, size), k, size);
        }
        HouseholderQr qr = new HouseholderQr(matrix.times(basis, size), n, size);
        Svd small = JacobiSvd.of(qr.r(), size, size);
        int count = Math.min(wanted, size);
        double[] u = qr.applyQ(small.us(), count);
        double[] sigma = new double[count];
        for (int j = 0; j < count; j++) {
            sigma[j] = small.sigma()[j];
            for (int i = 0; i < n; i++) {
                u[j * n + i] = sigma[j] == 0 ? 0 : u[j * n + i] / sigma[j];
            }
        }
        double[] v = new double[k * count];
        Vectors.addProduct(
                Grid.ofRows(small.v(), 0, size), Grid.ofRows(basis, 0, k), Grid.ofRows(v, 0, k), count, size, k);
        return new Leading(u, sigma, v);
    }

    private static double[] orthonormal(double[] values, int length, int count) {
        double[] identity = new double[count * count];
        for (int i = 0; i < count; i++) {
            identity[i * count + i] = 1;
        }
        return new HouseholderQr(values, length, count).applyQ(identity, count);
    }
}
