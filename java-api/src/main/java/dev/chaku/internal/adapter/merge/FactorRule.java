package dev.chaku.internal.adapter.merge;

import java.util.List;
import java.util.OptionalDouble;

/**
 * Combines As and Bs, each by themselves. The weight and the scale of an adapter go into both as a square root, the
 * sign into A alone, after values are dropped and signs elected: that is how PEFT defines it.
 */
final class FactorRule implements MergeRule {
    private final Pruning pruning;
    private final Combination combination;

    FactorRule(Pruning pruning, Combination combination) {
        this.pruning = pruning;
        this.combination = combination;
    }

    @Override
    public Merged merge(Terms terms) {
        int rank = terms.largestRank();
        List<Term> all = terms.terms();
        double[] coefficients = terms.coefficients();
        double[] aWeights = new double[all.size()];
        double[] bWeights = new double[all.size()];
        double[][] as = new double[all.size()][rank * terms.inputs()];
        double[][] bs = new double[all.size()][terms.outputs() * rank];
        for (int i = 0; i < all.size(); i++) {
            Term term = all.get(i);
            bWeights[i] = Math.sqrt(Math.abs(coefficients[i]));
            aWeights[i] = Math.copySign(bWeights[i], coefficients[i]);
            term.a(1, terms.inputs(), as[i], 0);
            for (int n = 0; n < bs[i].length; n++) {
                bs[i][n] = term.b()[term.bFrom() + n];
            }
        }
        return new Merged(
                rank, combined(as, aWeights, terms, "a"), combined(bs, bWeights, terms, "b"), OptionalDouble.empty());
    }

    private double[] combined(double[][] values, double[] weights, Terms terms, String half) {
        for (int i = 0; i < values.length; i++) {
            String key = terms.name() + "/" + terms.expert() + "/" + half + "/"
                    + terms.terms().get(i).adapter();
            pruning.of(Values.of(values[i]), key).prune(values[i], 0, values[i].length, 0);
        }
        double[] result = new double[values[0].length];
        combination.combiner(result.length).combine(values, weights, result, result.length);
        return result;
    }
}
