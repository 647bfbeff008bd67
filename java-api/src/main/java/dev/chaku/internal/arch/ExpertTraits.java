package dev.chaku.internal.arch;

import dev.chaku.internal.engine.ExpertOptions.Gating;

/** The experts of a family: without biases, none shared, in every layer of every file, unless it says otherwise. */
public final class ExpertTraits {
    private final Gating gating;
    private boolean normalized;
    private Presence bias = Presence.NONE;
    private Presence shared = Presence.NONE;
    private boolean sharedRouter;
    private boolean selectionBias;
    private boolean afterDense;
    private boolean optional;
    private boolean described;

    private ExpertTraits(Gating gating) {
        this.gating = gating;
    }

    /** Experts whose weights come from the router's logits in this way. */
    public static ExpertTraits of(Gating gating) {
        return new ExpertTraits(gating);
    }

    Gating gating() {
        return gating;
    }

    /** The weights of a token are divided by their sum. */
    public ExpertTraits normalized() {
        normalized = true;
        return this;
    }

    boolean areNormalized() {
        return normalized;
    }

    /** Biases of the router and the experts. */
    public ExpertTraits biases(Presence presence) {
        bias = presence;
        return this;
    }

    Presence bias() {
        return bias;
    }

    /** Every token also passes through one expert, weighed by a router of its own. */
    public ExpertTraits sharedByRouter() {
        shared = Presence.REQUIRED;
        sharedRouter = true;
        return this;
    }

    /** Where a file gives it a width, every token also passes through one expert that counts in full. */
    public ExpertTraits sharedInFull() {
        shared = Presence.OPTIONAL;
        return this;
    }

    Presence shared() {
        return shared;
    }

    boolean hasSharedRouter() {
        return sharedRouter;
    }

    /** What is selected depends on a bias of each expert as well, where the file has one; its weight does not. */
    public ExpertTraits selectedByBias() {
        selectionBias = true;
        return this;
    }

    boolean mayHaveSelectionBias() {
        return selectionBias;
    }

    /** As many layers as {@code leading_dense_block_count} says, from the first on, are dense. */
    public ExpertTraits afterDenseLayers() {
        afterDense = true;
        return this;
    }

    boolean areAfterDenseLayers() {
        return afterDense;
    }

    /**
     * Files say how weights come from the router's logits, whether they are normalised and scaled, whether experts are
     * grouped, and how many are shared, whose widths add up.
     */
    public ExpertTraits describedByFile() {
        described = true;
        return this;
    }

    boolean areDescribedByFile() {
        return described;
    }

    /** A file without experts is dense. */
    public ExpertTraits orDense() {
        optional = true;
        return this;
    }

    boolean areOptional() {
        return optional;
    }
}
