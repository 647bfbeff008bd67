package dev.chaku.internal.core;

/**
 * A place in a decoder and the format of what goes there.
 *
 * @param module {@code CHAKU_TOKEN_EMBEDDING} and so on
 * @param kind {@code CHAKU_WEIGHT} or {@code CHAKU_BIAS}
 * @param layer -1 outside layers
 * @param dtype ggml's type id
 * @param rows N
 * @param columns K, the contiguous dimension, a multiple of the format's block
 * @param name what messages call it, for instance {@code blk.0.attn_q.weight}
 */
record TensorSlot(int module, int kind, int layer, int dtype, long rows, long columns, String name) {}
