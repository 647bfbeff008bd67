package dev.chaku.internal.engine;

/**
 * What has the place of attention in a layer with a running memory; see {@code chaku_mixer_options}.
 *
 * @param taps L, tokens that the convolution sees
 * @param keyHeads Hk of the delta rule; 0 for a short convolution, as all that follow
 * @param valueHeads Hv
 * @param keyDim dk
 * @param valueDim dv
 * @param tiled whether value head h has key head h mod Hk, rather than h / (Hv / Hk)
 */
public record MixerOptions(int taps, int keyHeads, int valueHeads, int keyDim, int valueDim, boolean tiled) {
    /** A short convolution. */
    public MixerOptions(int taps) {
        this(taps, 0, 0, 0, 0, false);
    }

    public boolean isDeltaRule() {
        return keyHeads > 0;
    }

    /** Channels that pass the convolution, of a decoder of this width. */
    public long channels(long width) {
        return isDeltaRule() ? 2L * keyHeads * keyDim + inner(width) : width;
    }

    /** Width of what the layer gives to its output product. */
    public long inner(long width) {
        return isDeltaRule() ? (long) valueHeads * valueDim : width;
    }
}
