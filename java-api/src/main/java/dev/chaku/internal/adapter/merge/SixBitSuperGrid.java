package dev.chaku.internal.adapter.merge;

import java.nio.ByteBuffer;

/**
 * Q6_K: 256 elements in sixteen sub-blocks of 16 with signed scales s, and a half d behind all; an element is d s (code
 * - 32). Each half of 128 has 64 bytes of low nibbles, of elements 0 to 63 low and 64 to 127 high, and 32 bytes with
 * two high bits of elements i, i + 32, i + 64 and i + 96.
 */
final class SixBitSuperGrid implements CodeGrid {
    private static final int ELEMENTS = 256;
    private static final int HALF = 128;
    private static final int SUB = 16;
    private static final int HIGH = 128;
    private static final int SCALES = 192;
    private static final int D = 208;

    @Override
    public int elements() {
        return ELEMENTS;
    }

    @Override
    public int bytes() {
        return D + 2;
    }

    @Override
    public int least() {
        return 0;
    }

    @Override
    public int most() {
        return 63;
    }

    @Override
    public void read(ByteBuffer blocks, int at, int[] codes, float[] steps, float[] offsets, int from) {
        float d = CodeGrid.half(blocks, at + D);
        for (int i = 0; i < ELEMENTS; i++) {
            int half = i / HALF;
            int inHalf = i % HALF;
            int pair = CodeGrid.unsigned(blocks, at + half * 64 + inHalf % 64);
            int high = CodeGrid.unsigned(blocks, at + HIGH + half * 32 + inHalf % 32);
            int low = inHalf < 64 ? pair & 15 : pair >> 4;
            codes[from + i] = low | (high >> inHalf / 32 * 2 & 3) << 4;
            steps[from + i] = d * blocks.get(at + SCALES + i / SUB);
            offsets[from + i] = -32 * steps[from + i];
        }
    }

    @Override
    public void write(ByteBuffer blocks, int at, int[] codes, int from) {
        for (int half = 0; half < 2; half++) {
            int first = from + half * HALF;
            for (int i = 0; i < 64; i++) {
                blocks.put(at + half * 64 + i, (byte) (codes[first + i] & 15 | (codes[first + 64 + i] & 15) << 4));
            }
            for (int i = 0; i < 32; i++) {
                int bits = 0;
                for (int part = 0; part < 4; part++) {
                    bits |= (codes[first + part * 32 + i] >> 4) << 2 * part;
                }
                blocks.put(at + HIGH + half * 32 + i, (byte) bits);
            }
        }
    }
}
