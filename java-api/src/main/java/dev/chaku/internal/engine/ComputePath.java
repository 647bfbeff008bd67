package dev.chaku.internal.engine;

/** How an engine computes: the choice of a caller, or what was chosen. */
public enum ComputePath {
    /** A choice: the fastest that the machine has. */
    AUTO,
    /** Scalar code. */
    REFERENCE,
    AVX2,
    AVX512,
    /** Products of prompts and training on bfloat16 tiles, to three digits. */
    AMX,
    /** The same on bfloat16 operands of AVX-512. */
    AVX512_BF16,
    /** AVX-512 with products of generated tokens on integers. */
    AVX512_VNNI,
    /** A choice: the fastest that rounds no operands. */
    FLOAT32
}
