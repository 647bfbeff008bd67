package dev.chaku.internal.adapter.merge;

import dev.chaku.internal.adapter.merge.JacobiSvd.Svd;
import dev.chaku.internal.adapter.merge.Vectors.Grid;
import dev.chaku.merge.OutputRank;

/**
 * The best approximation of a rank to a sum of products, without the sum: of B = [B₁ B₂ …] and A = [c₁A₁; c₂A₂; …], B =
 * Q_b R_b and Aᵀ = Q_a R_a, so that the sum is Q_b (R_b R_aᵀ) Q_aᵀ, and the singular values are those of the small
 * matrix in the middle. O((N + K) R²) operations where the product takes O(N K R) and its decomposition O(N K min(N,
 * K)). As PEFT has it, A gets the right singular vectors and B the left ones times the singular values.
 */
final class SvdRule implements MergeRule {
    private final OutputRank wanted;

    SvdRule(OutputRank wanted) {
        this.wanted = wanted;
    }

    @Override
    public Merged merge(Terms terms) {
        return approximated(
                terms, terms.coefficients(), RankChoice.of(wanted, terms.largestRank(), terms.sumOfRanks()));
    }

    /** @param coefficients what each product counts, its scale among it */
    static Merged approximated(Terms terms, double[] coefficients, RankChoice choice) {
        int rank = terms.sumOfRanks();
        int outputs = terms.outputs();
        int inputs = terms.inputs();
        double[] a = new double[rank * inputs];
        double[] b = new double[rank * outputs];
        int at = 0;
        for (int i = 0; i < coefficients.length; i++) {
            Term term = terms.terms().get(i);
            term.a(coefficients[i], inputs, a, at * inputs);
            term.bColumns(1, outputs, b, at * outputs);
            at += term.rank();
        }
        // The rows of A are the columns of its transposed.
        HouseholderQr left = new HouseholderQr(b, outputs, rank);
        HouseholderQr right = new HouseholderQr(a, inputs, rank);
        double[] middle = productWithTransposed(left.r(), left.steps(), right.r(), right.steps(), rank);
        Svd svd = JacobiSvd.of(middle, left.steps(), right.steps());
        RankChoice.Chosen chosen = choice.choose(svd.sigma(), RankChoice.sumOfSquares(svd.sigma()));
        double[] newB = left.applyQ(svd.us(), chosen.rank());
        double[] newA = right.applyQ(svd.v(), chosen.rank());
        return new Merged(chosen.rank(), newA, Merged.rows(newB, outputs, chosen.rank()), chosen.energy());
    }

    /** X Yᵀ of X [m, n] and Y [p, n], all column after column. */
    private static double[] productWithTransposed(double[] x, int m, double[] y, int p, int n) {
        double[] product = new double[m * p];
        Vectors.addProduct(new Grid(y, 0, 1, p), Grid.ofRows(x, 0, m), Grid.ofRows(product, 0, m), p, n, m);
        return product;
    }
}
