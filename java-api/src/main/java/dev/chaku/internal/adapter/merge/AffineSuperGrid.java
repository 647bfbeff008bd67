package dev.chaku.internal.adapter.merge;

import java.nio.ByteBuffer;

/**
 * Q4_K and Q5_K: 256 elements in eight sub-blocks of 32 with six-bit scales s and minima m, and two halves d and dmin;
 * an element is d s code - dmin m. Bytes of nibbles hold sub-block 2c low and 2c + 1 high; the fifth bits of sub-block
 * b are bits b of 32 bytes before them. Of twelve bytes of scales and minima the first eight hold those of sub-blocks 0
 * to 3 in their low six bits; the last four have low nibbles of the others, whose high two bits are on top of the
 * eight.
 */
final class AffineSuperGrid implements CodeGrid {
    private static final int ELEMENTS = 256;
    private static final int SUB = 32;
    private static final int SCALES = 4;
    private static final int FIFTH = 16;

    private final boolean five;
    private final int nibbles;

    AffineSuperGrid(boolean five) {
        this.five = five;
        this.nibbles = FIFTH + (five ? SUB : 0);
    }

    @Override
    public int elements() {
        return ELEMENTS;
    }

    @Override
    public int bytes() {
        return nibbles + ELEMENTS / 2;
    }

    @Override
    public int least() {
        return 0;
    }

    @Override
    public int most() {
        return five ? 31 : 15;
    }

    @Override
    public void read(ByteBuffer blocks, int at, int[] codes, float[] steps, float[] offsets, int from) {
        float d = CodeGrid.half(blocks, at);
        float dmin = CodeGrid.half(blocks, at + 2);
        for (int sub = 0; sub < ELEMENTS / SUB; sub++) {
            float step = d * scale(blocks, at + SCALES, sub);
            float offset = -dmin * minimum(blocks, at + SCALES, sub);
            for (int i = 0; i < SUB; i++) {
                int pair = CodeGrid.unsigned(blocks, at + nibbles + sub / 2 * SUB + i);
                int code = sub % 2 == 0 ? pair & 15 : pair >> 4;
                if (five) {
                    code |= (CodeGrid.unsigned(blocks, at + FIFTH + i) >> sub & 1) << 4;
                }
                codes[from + sub * SUB + i] = code;
                steps[from + sub * SUB + i] = step;
                offsets[from + sub * SUB + i] = offset;
            }
        }
    }

    private static int scale(ByteBuffer blocks, int at, int sub) {
        return sub < 4
                ? blocks.get(at + sub) & 63
                : blocks.get(at + sub + 4) & 15 | CodeGrid.unsigned(blocks, at + sub - 4) >> 6 << 4;
    }

    private static int minimum(ByteBuffer blocks, int at, int sub) {
        return sub < 4
                ? blocks.get(at + sub + 4) & 63
                : CodeGrid.unsigned(blocks, at + sub + 4) >> 4 | CodeGrid.unsigned(blocks, at + sub) >> 6 << 4;
    }

    @Override
    public void write(ByteBuffer blocks, int at, int[] codes, int from) {
        for (int i = 0; i < ELEMENTS / 2; i++) {
            int first = from + i / SUB * 2 * SUB + i % SUB;
            blocks.put(at + nibbles + i, (byte) (codes[first] & 15 | (codes[first + SUB] & 15) << 4));
        }
        for (int i = 0; five && i < SUB; i++) {
            int bits = 0;
            for (int sub = 0; sub < ELEMENTS / SUB; sub++) {
                bits |= (codes[from + sub * SUB + i] >> 4) << sub;
            }
            blocks.put(at + FIFTH + i, (byte) bits);
        }
    }
}
