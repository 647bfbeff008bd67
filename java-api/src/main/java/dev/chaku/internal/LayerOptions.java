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
 * @param attentionSoftCap c of c tanh(score / c), after the scale; 0 for none
 * @param alibiBias how steeply scores fall with distance; 0 for none
 * @param flags {@code CHAKU_LAYER_*}
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
    int flags) {
  public static final int SILU = 0;
  public static final int GELU_TANH = 1;

  /** Both half blocks read the layer's input. */
  public static final int PARALLEL = 1;
  /** Query and key heads are normed after the rotation. */
  public static final int NORM_AFTER_ROPE = 2;

  /** A layer with full attention, the first rope and nothing special. */
  public LayerOptions(int heads, int kvHeads, int headDim, int ffWidth) {
    this(heads, kvHeads, headDim, ffWidth, SILU, 0, 0, (float) (1 / Math.sqrt(headDim)), 0, 0, 0);
  }
}
