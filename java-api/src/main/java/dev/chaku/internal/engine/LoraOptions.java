package dev.chaku.internal.engine;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What LoRA adapts, and how.
 *
 * @param rank R
 * @param scale alpha / rank, or alpha / sqrt(rank)
 * @param dropout probability of dropping an input of A, in [0, 1)
 * @param targets the modules that are adapted, in every layer that has them
 * @param exceptions products of the targets that differ from these
 * @param magnitudes whether rows get lengths of their own (DoRA)
 * @param subtractsFrozen whether the frozen pair is subtracted from A and B (PiSSA)
 * @param merge trained through the quantizer of a merge into these formats; null: as if nothing were merged
 * @param saved what is trained whole beside it: of the token embedding and the output projection; one matrix that is
 *     both is the embedding
 */
public record LoraOptions(
        int rank,
        float scale,
        float dropout,
        Set<DecoderModule> targets,
        Map<DecoderModule.Place, Product> exceptions,
        boolean magnitudes,
        boolean subtractsFrozen,
        @Nullable MergeFormats merge,
        Set<DecoderModule> saved) {
    public LoraOptions {
        targets = Set.copyOf(targets);
        exceptions = Map.copyOf(exceptions);
        saved = Set.copyOf(saved);
    }

    /** The same with modules that are trained whole. */
    public LoraOptions withSaved(Set<DecoderModule> modules) {
        return new LoraOptions(rank, scale, dropout, targets, exceptions, magnitudes, subtractsFrozen, merge, modules);
    }

    /** All products of the targets alike, without dropout and a merge. */
    public static LoraOptions of(int rank, float scale, Set<DecoderModule> targets) {
        return new LoraOptions(rank, scale, 0, targets, Map.of(), false, false, null, Set.of());
    }

    /**
     * How one product is adapted.
     *
     * @param rank 0 where it is not
     */
    public record Product(int rank, float scale) {
        /** Of a product that is left as it is. */
        public static final Product NONE = new Product(0, 0);
    }
}
