package dev.chaku.internal;

/**
 * Shape and kind of one layer.
 *
 * @param heads H
 * @param kvHeads Hkv, divides H
 * @param headDim Dh
 * @param ffWidth F
 * @param activation {@code CHAKU_ACTIVATION_*}
 * @param window sliding window in tokens, 0 for full attention
 * @param rope index that {@link NativeModelBuilder#addRope} gave, -1 for none
 * @param attentionScale multiplies q.k
 */
public record LayerOptions(
    int heads,
    int kvHeads,
    int headDim,
    int ffWidth,
    int activation,
    int window,
    int rope,
    float attentionScale) {}
