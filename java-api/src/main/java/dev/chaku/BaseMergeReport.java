package dev.chaku;

import dev.chaku.gguf.GgmlType;
import java.util.List;
import java.util.Optional;

/**
 * What {@link BaseMerger} wrote, and how much of the adapters' change is in it. Immutable.
 *
 * @param tensors those that changed, in the file's order
 * @param fileBytes size of the merged file
 * @param untied whether it has an output projection of its own, where the base's embedding serves as one
 * @param trial what the models say to data; empty where no data were given
 */
public record BaseMergeReport(List<Tensor> tensors, long fileBytes, boolean untied, Optional<Trial> trial) {
    /** Copies the list. */
    public BaseMergeReport {
        tensors = List.copyOf(tensors);
    }

    /**
     * A tensor that changed.
     *
     * @param name in the merged file
     * @param from its format in the base
     * @param to its format in the merged file
     * @param bytes its size
     * @param kept the share of the change that is there in its own direction: 1 for all of it, 0 for none
     * @param error the root-mean-square difference between the change that is there and the one that was wanted, over
     *     that of the change: 0 for nothing lost, 1 for as much as if nothing had been changed
     */
    public record Tensor(String name, GgmlType from, GgmlType to, long bytes, double kept, double error) {}

    /**
     * What base, base with adapters and merged model say to the same data.
     *
     * @param lossBase mean cross-entropy of the base, in nats
     * @param lossAdapter of the base with the adapters
     * @param lossMerged of the merged model
     * @param divergence mean of KL(base with adapters, merged) over the tokens, in nats
     * @param agreement share of the tokens at whose place the merged model's likeliest is that of base with adapters
     * @param tokens that were compared
     */
    public record Trial(
            double lossBase, double lossAdapter, double lossMerged, double divergence, double agreement, long tokens) {
        /**
         * {@return the share of the adapters' gain in loss that the merged model has: 1 for all of it; NaN where the
         * adapters gain nothing}
         */
        public double recovery() {
            double gain = lossBase - lossAdapter;
            return gain > 0 ? (lossBase - lossMerged) / gain : Double.NaN;
        }
    }
}
