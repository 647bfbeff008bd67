package dev.chaku.internal.engine;

import org.jspecify.annotations.Nullable;

/**
 * Shape and kind of one layer.
 *
 * @param heads H
 * @param kvHeads Hkv, divides H
 * @param headDim Dh
 * @param ffWidth F
 * @param activation {@link #SILU}, {@link #GELU_TANH}, {@link #GELU} or {@link #CLAMPED_SWIGLU}
 * @param window sliding window in tokens, 0 for full attention
 * @param rope index of the rotation in the order they were given, -1 for none
 * @param attentionScale multiplies q.k
 * @param attentionSoftCap c of c tanh(score / c), after the scale; 0 for none
 * @param alibiBias how steeply scores fall with distance; 0 for none
 * @param flags the sum of {@link #PARALLEL} and so on
 * @param experts in place of gate, up and down; null for a dense layer
 * @param mixer in place of attention, whose values are then not used; null for attention
 * @param latent of attention over latents, with one key head of as many dimensions as are kept; null for ordinary
 *     attention
 * @param keySource the layer before this one whose keys and values it reads; -1 for its own
 * @param outputScale multiplies the residual stream behind the layer; 1 for none
 */
public record LayerOptions(
        int heads,
        int kvHeads,
        int headDim,
        int ffWidth,
        int activation,
        int window,
        int rope,
        float attentionScale,
        float attentionSoftCap,
        float alibiBias,
        int flags,
        @Nullable ExpertOptions experts,
        @Nullable MixerOptions mixer,
        @Nullable LatentOptions latent,
        int keySource,
        float outputScale) {
    public static final int SILU = 0;
    public static final int GELU_TANH = 1;
    /** {@code g sigmoid(1.702 g) (u + 1)} of a gate up to 7 and an up within -7 and 7. */
    public static final int CLAMPED_SWIGLU = 2;
    /** {@code x/2 (1 + erf(x / sqrt 2))}. */
    public static final int GELU = 3;

    /** Both half blocks read the layer's input. */
    public static final int PARALLEL = 1;
    /** Query and key heads are normed after the rotation. */
    public static final int NORM_AFTER_ROPE = 2;
    /** Each query head is followed by as many gates, whose sigmoids multiply what attention gives. */
    public static final int GATED_QUERY = 4;
    /** Value heads are normed, without weights. */
    public static final int NORM_VALUES = 8;
    /** Values are the product of keys. */
    public static final int VALUES_ARE_KEYS = 16;
    /** Attention sees what follows too, with a window half of it on either side. */
    public static final int BOTH_WAYS = 32;
    /** Post norms are of the stream behind the sum, not of what is added. */
    public static final int NORM_SUMS = 64;

    /** A layer with full attention, the first rope and nothing special. */
    public LayerOptions(int heads, int kvHeads, int headDim, int ffWidth) {
        this(heads, kvHeads, headDim, ffWidth, SILU, 0, 0, (float) (1 / Math.sqrt(headDim)), 0, 0, 0);
    }

    /** A dense layer. */
    public LayerOptions(
            int heads,
            int kvHeads,
            int headDim,
            int ffWidth,
            int activation,
            int window,
            int rope,
            float attentionScale,
            float attentionSoftCap,
            float alibiBias,
            int flags) {
        this(
                heads,
                kvHeads,
                headDim,
                ffWidth,
                activation,
                window,
                rope,
                attentionScale,
                attentionSoftCap,
                alibiBias,
                flags,
                null,
                null,
                null,
                -1,
                1);
    }

    /** The same layer with experts. */
    public LayerOptions withExperts(@Nullable ExpertOptions newExperts) {
        return new LayerOptions(
                heads,
                kvHeads,
                headDim,
                ffWidth,
                activation,
                window,
                rope,
                attentionScale,
                attentionSoftCap,
                alibiBias,
                flags,
                newExperts,
                mixer,
                latent,
                keySource,
                outputScale);
    }

    /** The same layer with another activation and window. */
    public LayerOptions with(int newActivation, int newWindow) {
        return new LayerOptions(
                heads,
                kvHeads,
                headDim,
                ffWidth,
                newActivation,
                newWindow,
                rope,
                attentionScale,
                attentionSoftCap,
                alibiBias,
                flags,
                experts,
                mixer,
                latent,
                keySource,
                outputScale);
    }

    /** The same layer with a running memory in place of attention. */
    public LayerOptions withMixer(@Nullable MixerOptions newMixer) {
        return new LayerOptions(
                heads,
                kvHeads,
                headDim,
                ffWidth,
                activation,
                window,
                rope,
                attentionScale,
                attentionSoftCap,
                alibiBias,
                flags,
                experts,
                newMixer,
                latent,
                keySource,
                outputScale);
    }

    /** The same layer with attention over latents, or without. */
    public LayerOptions withLatent(@Nullable LatentOptions newLatent) {
        return with(newLatent, keySource, outputScale);
    }

    /** The same layer with keys and values of an earlier one, and with what multiplies the stream behind it. */
    public LayerOptions withSource(int newKeySource, float newOutputScale) {
        return with(latent, newKeySource, newOutputScale);
    }

    private LayerOptions with(@Nullable LatentOptions newLatent, int newKeySource, float newOutputScale) {
        return new LayerOptions(
                heads,
                kvHeads,
                headDim,
                ffWidth,
                activation,
                window,
                rope,
                attentionScale,
                attentionSoftCap,
                alibiBias,
                flags,
                experts,
                mixer,
                newLatent,
                newKeySource,
                newOutputScale);
    }

    /** Whether it makes keys and values of its own. */
    public boolean hasKeys() {
        return keySource < 0;
    }

    public boolean hasNormedValues() {
        return (flags & NORM_VALUES) != 0;
    }

    /** Whether values are the product of keys. */
    public boolean hasKeysAsValues() {
        return (flags & VALUES_ARE_KEYS) != 0;
    }

    /** Whether both half blocks read the layer's input. */
    public boolean isParallel() {
        return (flags & PARALLEL) != 0;
    }

    /** Whether query and key heads are normed after the rotation. */
    public boolean isNormedAfterRope() {
        return (flags & NORM_AFTER_ROPE) != 0;
    }

    /** Whether attention sees what follows too. */
    public boolean looksBothWays() {
        return (flags & BOTH_WAYS) != 0;
    }

    /** Whether post norms are of sums. */
    public boolean normsSums() {
        return (flags & NORM_SUMS) != 0;
    }

    /** Whether queries come with gates. */
    public boolean hasGatedQuery() {
        return (flags & GATED_QUERY) != 0;
    }
}
