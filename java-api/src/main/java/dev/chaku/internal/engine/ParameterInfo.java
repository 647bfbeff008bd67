package dev.chaku.internal.engine;

/**
 * A trainable matrix.
 *
 * @param module {@code CHAKU_ATTN_Q} and so on
 * @param kind weight, bias, LoRA A or LoRA B
 * @param layer -1 outside layers
 * @param rows N
 * @param columns K, the contiguous dimension
 */
public record ParameterInfo(int module, Kind kind, int layer, long rows, long columns) {
    /** In the order of {@code CHAKU_WEIGHT, CHAKU_BIAS, CHAKU_LORA_A, CHAKU_LORA_B}. */
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
