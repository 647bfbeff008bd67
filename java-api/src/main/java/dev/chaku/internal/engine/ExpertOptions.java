package dev.chaku.internal.engine;

/**
 * The experts of a layer.
 *
 * @param experts E
 * @param used how many of them each token passes through
 * @param ffWidth F of each
 * @param sharedFfWidth Fs of the expert that every token passes through too; 0 for none
 * @param gating how weights come from the router's logits
 * @param normalize whether the weights of a token are divided by their sum
 * @param weightsScale multiplies the weights at last; 1 for none
 * @param groups of neighbours, from the best of which experts are selected; 0 for none
 * @param groupsUsed how many are the best
 */
public record ExpertOptions(
        int experts,
        int used,
        int ffWidth,
        int sharedFfWidth,
        Gating gating,
        boolean normalize,
        float weightsScale,
        int groups,
        int groupsUsed) {
    /** Experts that are selected among all. */
    public ExpertOptions(
            int experts,
            int used,
            int ffWidth,
            int sharedFfWidth,
            Gating gating,
            boolean normalize,
            float weightsScale) {
        this(experts, used, ffWidth, sharedFfWidth, gating, normalize, weightsScale, 0, 0);
    }

    /** How weights come from the router's logits. */
    public enum Gating {
        /** The softmax over all experts, of those selected. */
        SOFTMAX,
        /** The softmax over those selected. */
        SOFTMAX_TOP_K,
        /** Sigmoids. */
        SIGMOID
    }
}
