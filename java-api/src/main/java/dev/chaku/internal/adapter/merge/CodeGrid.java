package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgmlType;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Where the codes of a block stand, and what each is worth: element i is {@code step[i] * code[i] + offset[i]}, with
 * steps and offsets that the block's scales say. So codes can be changed while scales stay. Stateless.
 *
 * <p>Layouts are ggml's, as the core's codec reads them. Numbers in blocks are little-endian.
 */
interface CodeGrid {
    /** Elements of a block. */
    int elements();

    /** Bytes of a block. */
    int bytes();

    /** The least code. */
    int least();

    /** The largest code. */
    int most();

    /**
     * Reads a block.
     *
     * @param at its first byte
     * @param codes gets the codes, from an index on; so do the others
     */
    void read(ByteBuffer blocks, int at, int[] codes, float[] steps, float[] offsets, int from);

    /** Puts codes into a block in place of those that it has; its scales stay. */
    void write(ByteBuffer blocks, int at, int[] codes, int from);

    /** The grid of a format; nothing for formats whose codes are no multiples of a step. */
    static Optional<CodeGrid> of(GgmlType type) {
        return switch (type) {
            case Q4_0, Q4_1, Q5_0, Q5_1 -> Optional.of(new NibbleGrid(type));
            case Q8_0 -> Optional.of(new ByteGrid());
            case Q4_K, Q5_K -> Optional.of(new AffineSuperGrid(type == GgmlType.Q5_K));
            case Q6_K -> Optional.of(new SixBitSuperGrid());
            default -> Optional.empty();
        };
    }

    /** The half at two bytes, as a float. */
    static float half(ByteBuffer blocks, int at) {
        int bits = unsigned(blocks, at) | unsigned(blocks, at + 1) << 8;
        int sign = (bits & 0x8000) << 16;
        int exponent = bits >> 10 & 31;
        int fraction = bits & 1023;
        if (exponent == 0) {
            float value = fraction * 0x1p-24f;
            return sign == 0 ? value : -value;
        }
        int wide = exponent == 31 ? 255 : exponent + 112;
        return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
    }

    static int unsigned(ByteBuffer blocks, int at) {
        return blocks.get(at) & 255;
    }
}
