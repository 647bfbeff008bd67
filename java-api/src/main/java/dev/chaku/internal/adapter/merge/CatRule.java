package dev.chaku.internal.adapter.merge;

import java.util.OptionalDouble;

/**
 * The weighted sum of the products, exactly: A is the As below each other times weight and scale, B the Bs in a row.
 */
final class CatRule implements MergeRule {
    @Override
    public Merged merge(Terms terms) {
        return concatenated(terms, terms.coefficients());
    }

    /** @param coefficients what each product counts, its scale among it */
    static Merged concatenated(Terms terms, double[] coefficients) {
        int rank = terms.sumOfRanks();
        double[] a = new double[rank * terms.inputs()];
        double[] b = new double[terms.outputs() * rank];
        int at = 0;
        for (int i = 0; i < coefficients.length; i++) {
            Term term = terms.terms().get(i);
            term.a(coefficients[i], terms.inputs(), a, at * terms.inputs());
            for (int row = 0; row < terms.outputs(); row++) {
                for (int r = 0; r < term.rank(); r++) {
                    b[row * rank + at + r] = term.b()[term.bFrom() + row * term.rank() + r];
                }
            }
            at += term.rank();
        }
        return new Merged(rank, a, b, OptionalDouble.empty());
    }
}
