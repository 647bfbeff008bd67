package dev.chaku.internal.engine;

/**
 * A trainable matrix.
 *
 * @param module whose matrix it is, or adapts
 * @param kind weight, bias, LoRA A or B, or DoRA's magnitudes
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
        LORA_B,
        /** The length that DoRA gives each row. */
        LORA_MAGNITUDE
    }

    /** Number of values. */
    public long elements() {
        return rows * columns;
    }
}
