package dev.chaku.merge;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What a merge made of adapters.
 *
 * @param method how
 * @param parents the names of the adapters, in their order
 * @param alpha of the result: its largest rank
 * @param tensors one a product, in the order of the result
 */
public record MergeReport(MergeMethod method, List<String> parents, float alpha, List<Tensor> tensors) {
    /** Copies the lists. */
    public MergeReport {
        parents = List.copyOf(parents);
        tensors = List.copyOf(tensors);
    }

    /**
     * One product.
     *
     * @param name as files call it, for instance {@code blk.3.attn_q}
     * @param ranks of the adapters in their order; 0 for one that does not have the product
     * @param weights of the adapters at this product
     * @param rank of the result
     * @param energy the share of the sum of squared singular values that the result keeps, of experts the smallest;
     *     empty where nothing was decomposed
     */
    public record Tensor(String name, List<Integer> ranks, List<Double> weights, int rank, OptionalDouble energy) {
        /** Copies the lists. */
        public Tensor {
            ranks = List.copyOf(ranks);
            weights = List.copyOf(weights);
        }

        /** {@return whether some adapter does not have the product, and counts as zero in it} */
        public boolean isPartial() {
            return ranks.contains(0);
        }
    }

    /** {@return the largest rank of a product} */
    public int rank() {
        return tensors.stream().mapToInt(Tensor::rank).max().orElse(0);
    }

    /** {@return the products that not all adapters have} */
    public List<Tensor> partial() {
        return tensors.stream().filter(Tensor::isPartial).toList();
    }
}
