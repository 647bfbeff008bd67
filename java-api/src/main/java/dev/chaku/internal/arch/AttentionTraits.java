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
    private boolean latent;
    private boolean windowHeads;
    private boolean sharedKeys;
    private boolean normedValues;
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

    /** What is kept of a token is compressed; see {@link dev.chaku.internal.engine.LatentOptions}. */
    public AttentionTraits latent() {
        latent = true;
        return this;
    }

    boolean isLatent() {
        return latent;
    }

    /** Heads of windowed layers may have a width of their own. */
    public AttentionTraits windowHeads() {
        windowHeads = true;
        return this;
    }

    boolean hasWindowHeads() {
        return windowHeads;
    }

    /**
     * As many last layers as {@code attention.shared_kv_layers} says read the keys and values of the last layer before
     * them that sees as far.
     */
    public AttentionTraits sharedKeys() {
        sharedKeys = true;
        return this;
    }

    boolean mayShareKeys() {
        return sharedKeys;
    }

    /** Value heads are normed; layers without a product of values have that of keys in its place. */
    public AttentionTraits normedValues() {
        normedValues = true;
        return this;
    }

    boolean hasNormedValues() {
        return normedValues;
    }

    public AttentionTraits scale(Scale newScale) {
        scale = newScale;
        return this;
    }

    Scale scale() {
        return scale;
    }
}
