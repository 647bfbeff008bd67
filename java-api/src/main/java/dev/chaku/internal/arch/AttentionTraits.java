package dev.chaku.internal.arch;

/** The attention of a family: products of their own without biases, and scores over the root of a head's width. */
public final class AttentionTraits {
    /** What multiplies q.k, unless the file says. */
    public interface Scale {
        double of(int headDim, int width, int heads, int layers);
    }

    private Presence qkvBias = Presence.NONE;
    private Presence outputBias = Presence.NONE;
    private boolean fused;
    private boolean sinks;
    private boolean gatedQueries;
    private Scale scale = (headDim, width, heads, layers) -> 1 / Math.sqrt(headDim);

    AttentionTraits() {}

    /** Biases of query, key and value; of the output. */
    public AttentionTraits biases(Presence qkv, Presence output) {
        qkvBias = qkv;
        outputBias = output;
        return this;
    }

    Presence qkvBias() {
        return qkvBias;
    }

    Presence outputBias() {
        return outputBias;
    }

    /** Files may hold query, key and value in one tensor. */
    public AttentionTraits fused() {
        fused = true;
        return this;
    }

    boolean mayFuse() {
        return fused;
    }

    /** Each head has a score without a value. */
    public AttentionTraits sinks() {
        sinks = true;
        return this;
    }

    boolean hasSinks() {
        return sinks;
    }

    /** Each query head is followed by as many gates. */
    public AttentionTraits gatedQueries() {
        gatedQueries = true;
        return this;
    }

    boolean hasGatedQueries() {
        return gatedQueries;
    }

    public AttentionTraits scale(Scale newScale) {
        scale = newScale;
        return this;
    }

    Scale scale() {
        return scale;
    }
}
