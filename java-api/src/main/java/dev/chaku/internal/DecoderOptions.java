package dev.chaku.internal;

/**
 * What holds for a whole decoder.
 *
 * @param layers number of layers
 * @param width D
 * @param vocabSize V
 * @param normEpsilon of every RMSNorm
 * @param embeddingScale multiplies the token embedding; 1 for none
 * @param residualScale multiplies what each half block adds to the residual stream; 1 for none
 * @param logitScale multiplies the logits; 1 for none
 */
public record DecoderOptions(
    int layers,
    int width,
    int vocabSize,
    float normEpsilon,
    float embeddingScale,
    float residualScale,
    float logitScale) {}
