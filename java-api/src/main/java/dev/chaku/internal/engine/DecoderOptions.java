package dev.chaku.internal.engine;

import org.jspecify.annotations.Nullable;

/**
 * What holds for a whole decoder.
 *
 * @param layers number of layers
 * @param width D
 * @param vocabSize V
 * @param normEpsilon of every norm
 * @param embeddingScale multiplies the token embedding; 1 for none
 * @param residualScale multiplies what each half block adds to the residual stream; 1 for none
 * @param logitScale multiplies the logits; 1 for none
 * @param normKind {@link #RMS_NORM} or {@link #LAYER_NORM}
 * @param logitSoftCap c of c tanh(logits / c), after the scale; 0 for none
 * @param queryTemperature t: queries at position p grow by 1 + t ln(1 + floor(p / length)); 0 for none
 * @param queryTemperatureLength that length in tokens; 0 where there is no temperature
 * @param layerInputs of all layers; null for none
 */
public record DecoderOptions(
        int layers,
        int width,
        int vocabSize,
        float normEpsilon,
        float embeddingScale,
        float residualScale,
        float logitScale,
        int normKind,
        float logitSoftCap,
        float queryTemperature,
        int queryTemperatureLength,
        @Nullable LayerInputOptions layerInputs) {
    public static final int RMS_NORM = 0;
    public static final int LAYER_NORM = 1;

    /** A decoder with RMSNorm and without scales, caps or temperature. */
    public DecoderOptions(int layers, int width, int vocabSize, float normEpsilon) {
        this(layers, width, vocabSize, normEpsilon, 1, 1, 1, RMS_NORM, 0, 0, 0, null);
    }
}
