package dev.chaku.internal.arch;

/** The norms of a family: RMSNorm before each half block, and none of heads, unless it says otherwise. */
public final class NormTraits {
    /** What the norm of queries and keys spans. */
    public enum HeadNorm {
        /** Each head, with the same weights. */
        HEAD,
        /** Each head, with weights of its own. */
        HEAD_WITH_OWN_WEIGHTS,
        /** All heads as one vector. */
        ALL_HEADS
    }

    private boolean layerNorm;
    private Presence bias = Presence.NONE;
    private Presence attn = Presence.REQUIRED;
    private Presence ffn = Presence.REQUIRED;
    private Presence post = Presence.NONE;
    private Presence heads = Presence.NONE;
    private HeadNorm headNorm = HeadNorm.HEAD;
    private boolean afterRope;
    private boolean embedding;
    private boolean sums;

    NormTraits() {}

    /** LayerNorm in place of RMSNorm, with biases or not. */
    public NormTraits layerNorm(Presence biases) {
        layerNorm = true;
        bias = biases;
        return this;
    }

    boolean isLayerNorm() {
        return layerNorm;
    }

    Presence bias() {
        return bias;
    }

    /** Norms before the half blocks, and of what they add. */
    public NormTraits around(Presence newAttn, Presence newFfn, Presence newPost) {
        attn = newAttn;
        ffn = newFfn;
        post = newPost;
        return this;
    }

    Presence attn() {
        return attn;
    }

    Presence ffn() {
        return ffn;
    }

    Presence post() {
        return post;
    }

    /** Norms of queries and keys, without biases. */
    public NormTraits heads(Presence presence, HeadNorm kind) {
        heads = presence;
        headNorm = kind;
        return this;
    }

    Presence heads() {
        return heads;
    }

    HeadNorm headNorm() {
        return headNorm;
    }

    /** Queries and keys are normed after the rotation. */
    public NormTraits afterRope() {
        afterRope = true;
        return this;
    }

    boolean isAfterRope() {
        return afterRope;
    }

    /** Post norms are of the stream behind each sum; there is none before the half blocks, and none at the end. */
    public NormTraits ofSums() {
        sums = true;
        return around(Presence.NONE, Presence.NONE, Presence.REQUIRED);
    }

    boolean areOfSums() {
        return sums;
    }

    /** The embedding is normed. */
    public NormTraits embedding() {
        embedding = true;
        return this;
    }

    boolean hasEmbedding() {
        return embedding;
    }
}
