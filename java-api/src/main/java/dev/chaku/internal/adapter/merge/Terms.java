package dev.chaku.internal.adapter.merge;

import java.util.List;

/**
 * All that is added to one matrix, which a rule makes one pair of factors of.
 *
 * @param name of the product, for messages
 * @param expert of the product, 0 if it is none of experts
 * @param outputs N
 * @param inputs K
 * @param weights of all adapters, in their order, also of those without a term
 * @param terms those of the adapters that have the product, in the order of the adapters; at least one
 */
record Terms(String name, int expert, int outputs, int inputs, List<Double> weights, List<Term> terms) {
    Terms {
        weights = List.copyOf(weights);
        terms = List.copyOf(terms);
    }

    /** What each product counts in a weighted sum, its scale among it. */
    double[] coefficients() {
        return terms.stream().mapToDouble(term -> term.weight() * term.scale()).toArray();
    }

    int sumOfRanks() {
        return terms.stream().mapToInt(Term::rank).sum();
    }

    int largestRank() {
        return terms.stream().mapToInt(Term::rank).max().orElseThrow();
    }
}
