package dev.chaku.internal.adapter.merge;

import dev.chaku.merge.OutputRank;

/**
 * Spherical interpolation of two products P and Q by t, the share of the second weight in both: sin((1-t)ω) / sin ω P +
 * sin(tω) / sin ω Q, where ω is the angle between them as vectors of N·K values (Shoemake 1985). The angle comes from
 * small matrices, as ⟨B₁A₁, B₂A₂⟩ is the sum of the entries of B₁ᵀB₂ times those of A₁A₂ᵀ. Where ω is near 0 or π the
 * quotients have no digits left, and the interpolation is linear; so it is where a product is zero.
 */
final class SlerpRule implements MergeRule {
    /** Of the cosine; it is what others use. */
    private static final double PARALLEL = 0.9995;

    private final OutputRank wanted;

    SlerpRule(OutputRank wanted) {
        this.wanted = wanted;
    }

    @Override
    public Merged merge(Terms terms) {
        double t = terms.weights().get(1)
                / (terms.weights().get(0) + terms.weights().get(1));
        double[] shares = {1 - t, t};
        double[] coefficients = new double[terms.terms().size()];
        if (coefficients.length == 2) {
            shares = shares(t, cosine(terms));
        }
        for (int i = 0; i < coefficients.length; i++) {
            Term term = terms.terms().get(i);
            coefficients[i] = shares[term.adapter()] * term.scale();
        }
        boolean exact = wanted.limit() == 0 && !wanted.isByEnergy();
        return exact
                ? CatRule.concatenated(terms, coefficients)
                : SvdRule.approximated(
                        terms, coefficients, RankChoice.of(wanted, terms.sumOfRanks(), terms.sumOfRanks()));
    }

    /** What each of two vectors counts. */
    static double[] shares(double t, double cosine) {
        if (!(Math.abs(cosine) <= PARALLEL)) {
            return new double[] {1 - t, t};
        }
        double angle = Math.acos(cosine);
        return new double[] {Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)};
    }

    /** Not a number if one of the two is zero. */
    private static double cosine(Terms terms) {
        Term first = terms.terms().get(0);
        Term second = terms.terms().get(1);
        double both = inner(first, second, terms);
        return both / (Math.sqrt(inner(first, first, terms)) * Math.sqrt(inner(second, second, terms)));
    }

    private static double inner(Term x, Term y, Terms terms) {
        double[] xa = new double[x.rank() * terms.inputs()];
        double[] ya = new double[y.rank() * terms.inputs()];
        double[] xb = new double[x.rank() * terms.outputs()];
        double[] yb = new double[y.rank() * terms.outputs()];
        x.a(x.scale(), terms.inputs(), xa, 0);
        y.a(y.scale(), terms.inputs(), ya, 0);
        x.bColumns(1, terms.outputs(), xb, 0);
        y.bColumns(1, terms.outputs(), yb, 0);
        double sum = 0;
        for (int r = 0; r < x.rank(); r++) {
            for (int s = 0; s < y.rank(); s++) {
                sum += Vectors.dot(xa, r * terms.inputs(), ya, s * terms.inputs(), terms.inputs())
                        * Vectors.dot(xb, r * terms.outputs(), yb, s * terms.outputs(), terms.outputs());
            }
        }
        return sum;
    }
}
