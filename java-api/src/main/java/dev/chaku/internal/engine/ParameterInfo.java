package dev.chaku.internal.engine;

/**
 * A trainable matrix.
 *
 * @param module whose matrix it is, or adapts
 * @param kind weight, bias, LoRA A or LoRA B
 * @param layer -1 outside layers
 * @param rows N
 * @param columns K, the contiguous dimension
 */
public record ParameterInfo(DecoderModule module, Kind kind, int layer, long rows, long columns) {
    /** What a matrix is to its module. */
    public enum Kind {
        WEIGHT,
        BIAS,
        LORA_A,
        LORA_B
    }

    /** Number of values. */
    public long elements() {
        return rows * columns;
    }
}
