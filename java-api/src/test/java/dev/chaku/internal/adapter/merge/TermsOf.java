package dev.chaku.internal.adapter.merge;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Adapters' matrices for tests, and what they mean as full products. */
final class TermsOf {
    final Terms terms;
    final List<double[][]> as = new ArrayList<>();
    final List<double[][]> bs = new ArrayList<>();

    private TermsOf(double[] weights, double[] scales, List<double[][]> as, List<double[][]> bs) {
        this.as.addAll(as);
        this.bs.addAll(bs);
        List<Term> all = new ArrayList<>();
        List<Double> allWeights = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            allWeights.add(weights[i]);
            all.add(new Term(
                    i,
                    weights[i],
                    scales[i],
                    as.get(i).length,
                    Naive.floats(as.get(i)),
                    0,
                    Naive.floats(bs.get(i)),
                    0));
        }
        terms = new Terms("blk.0.attn_q", 0, bs.get(0).length, as.get(0)[0].length, allWeights, all);
    }

    static TermsOf of(double[] weights, double[] scales, List<double[][]> as, List<double[][]> bs) {
        return new TermsOf(weights, scales, as, bs);
    }

    /** Random factors of some ranks. */
    static TermsOf random(long seed, int outputs, int inputs, double[] weights, double[] scales, int... ranks) {
        Random random = new Random(seed);
        List<double[][]> as = new ArrayList<>();
        List<double[][]> bs = new ArrayList<>();
        for (int rank : ranks) {
            as.add(Naive.random(random, rank, inputs));
            bs.add(Naive.random(random, outputs, rank));
        }
        return new TermsOf(weights, scales, as, bs);
    }

    /** scale · B A of each, without weights. */
    List<double[][]> products() {
        List<double[][]> products = new ArrayList<>();
        for (Term term : terms.terms()) {
            double[][] ba = Naive.product(bs.get(term.adapter()), as.get(term.adapter()));
            products.add(Naive.scaled(term.scale(), ba));
        }
        return products;
    }

    double[] weights() {
        return terms.terms().stream().mapToDouble(Term::weight).toArray();
    }

    /** B A of a result. */
    double[][] productOf(Merged merged) {
        return Naive.product(
                Naive.rows(merged.b(), terms.outputs(), merged.rank()),
                Naive.rows(merged.a(), merged.rank(), terms.inputs()));
    }
}
