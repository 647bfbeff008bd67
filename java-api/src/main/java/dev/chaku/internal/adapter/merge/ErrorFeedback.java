package dev.chaku.internal.adapter.merge;

import java.util.List;

/**
 * How rounding makes up for its errors along a few directions. The error e of a row is measured by {@code sum over k of
 * e[k]² + sum over r of (v[r] e)²}: what inputs feel that are alike everywhere and have in addition the directions v.
 * Rounding one column after the other, with s[r] the sum of v[r,j] e[j] so far, the columns that are still free could
 * bring the second sum down to sᵀ P s with P = (I + sum over later k of v[k] v[k]ᵀ)⁻¹. So the error that is best at
 * column k is {@code -u[k] s} with {@code u[k] = P v[k] / (1 + v[k]ᵀ P v[k])}: values are aimed that far beside.
 * (Babai's nearest plane, known from lattices, for a sum of this form; as GPTQ does it with the inverse of all inputs'
 * products, and sigma-delta converters with one direction.) Immutable.
 *
 * @param rank R
 * @param columns K
 * @param v [K, R]
 * @param u [K, R]
 */
record ErrorFeedback(int rank, int columns, float[] v, float[] u) {
    /** How much more the mean square of a direction counts than that of all columns: measured, see benchmarks. */
    private static final double TIMES = 10;

    /** Feedback along the directions of terms of a sum, all of which count alike. */
    static ErrorFeedback of(List<LowRankTerm> terms, int columns) {
        int rank = terms.stream().mapToInt(LowRankTerm::rank).sum();
        double[] v = new double[columns * rank];
        int at = 0;
        for (LowRankTerm term : terms) {
            for (int r = 0; r < term.rank(); r++) {
                double sum = 0;
                for (int k = 0; k < columns; k++) {
                    double value = term.d()[term.firstD() + r * columns + k];
                    sum += value * value;
                }
                double factor = sum > 0 ? Math.sqrt(TIMES * columns / sum) : 0;
                for (int k = 0; k < columns; k++) {
                    v[k * rank + at] = factor * term.d()[term.firstD() + r * columns + k];
                }
                at++;
            }
        }
        return new ErrorFeedback(rank, columns, floats(v), floats(aims(v, rank, columns)));
    }

    /** u, from the last column on; P changes by one product of rank one each time. */
    private static double[] aims(double[] v, int rank, int columns) {
        double[] p = new double[rank * rank];
        for (int r = 0; r < rank; r++) {
            p[r * rank + r] = 1;
        }
        double[] u = new double[columns * rank];
        double[] pv = new double[rank];
        for (int k = columns - 1; k >= 0; k--) {
            double vpv = 0;
            for (int i = 0; i < rank; i++) {
                double sum = 0;
                for (int j = 0; j < rank; j++) {
                    sum += p[i * rank + j] * v[k * rank + j];
                }
                pv[i] = sum;
                vpv += sum * v[k * rank + i];
            }
            double scale = 1 / (1 + vpv);
            for (int i = 0; i < rank; i++) {
                u[k * rank + i] = scale * pv[i];
                for (int j = 0; j < rank; j++) {
                    p[i * rank + j] -= scale * pv[i] * pv[j];
                }
            }
        }
        return u;
    }

    private static float[] floats(double[] values) {
        float[] result = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (float) values[i];
        }
        return result;
    }
}
