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
 * @param kept as {@link Tensor#kept}, of all tensors together
 * @param trial what the models say to data; empty where no data were given
 * @param delta the adapter of what was lost; empty where none was asked for or nothing was lost
 * @param advice a format that would keep the change; empty where it is kept
 */
public record BaseMergeReport(
        List<Tensor> tensors,
        long fileBytes,
        boolean untied,
        double kept,
        Optional<Trial> trial,
        Optional<Delta> delta,
        Optional<Advice> advice) {
    /** Less than this share of the gain is a loss to warn of. */
    public static final double ENOUGH = 0.95;

    /** Copies the list. */
    public BaseMergeReport {
        tensors = List.copyOf(tensors);
    }

    /**
     * {@return whether less than {@link #ENOUGH} is left: of the gain, or where that was not measured of the change}
     */
    public boolean isLossy() {
        double recovery = trial.map(Trial::recovery).orElse(Double.NaN);
        return Double.isNaN(recovery) ? Math.abs(1 - kept) > 1 - ENOUGH : recovery < ENOUGH;
    }

    /** {@return what to say of it if it is lossy: a sentence that tells what to do} */
    public Optional<String> warning() {
        if (!isLossy()) {
            return Optional.empty();
        }
        double recovery = trial.map(Trial::recovery).orElse(Double.NaN);
        String left = Double.isNaN(recovery)
                ? "%.1f %% of the change".formatted(100 * kept)
                : "%.1f %% of the gain in loss".formatted(100 * recovery);
        return Optional.of(left + " is left after rounding; "
                + advice.map(one -> one.format().label() + " would keep " + "%.1f %%".formatted(100 * one.kept())
                                + " of the change (computed from a sample of rows)")
                        .orElse("no smaller format than f32 would keep it")
                + ", as would another --rounding or --keep-delta");
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
     * @param withDelta the same of the merged model with the adapter of what was lost; empty without
     * @param tokens that were compared
     */
    public record Trial(
            double lossBase,
            double lossAdapter,
            double lossMerged,
            double divergence,
            double agreement,
            Optional<WithDelta> withDelta,
            long tokens) {
        /**
         * {@return the share of the adapters' gain in loss that the merged model has: 1 for all of it; NaN where the
         * adapters gain nothing}
         */
        public double recovery() {
            return recovery(lossMerged);
        }

        /**
         * {@return the share of the adapters' gain that a loss has}
         *
         * @param loss of some model on the same data
         */
        public double recovery(double loss) {
            double gain = lossBase - lossAdapter;
            return gain > 0 ? (lossBase - loss) / gain : Double.NaN;
        }
    }

    /**
     * What the merged model says that wears the adapter of what was lost.
     *
     * @param loss mean cross-entropy, in nats
     * @param divergence as {@link Trial#divergence}
     * @param agreement as {@link Trial#agreement}
     */
    public record WithDelta(double loss, double divergence, double agreement) {}

    /**
     * An adapter of what was lost.
     *
     * @param rank the largest of its products
     * @param products that it adapts
     * @param parameters values in all A and B
     */
    public record Delta(int rank, int products, long parameters) {}

    /**
     * A format that would keep a change.
     *
     * @param format the smallest mix that is larger than what was taken and keeps {@link #ENOUGH}
     * @param kept the share of the change that it keeps, computed by rounding a sample of rows as {@link Quantizer}
     *     does
     */
    public record Advice(WeightFormat format, double kept) {}
}
