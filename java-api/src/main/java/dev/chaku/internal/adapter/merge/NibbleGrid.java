package dev.chaku.internal.adapter.merge;

import dev.chaku.gguf.GgmlType;
import java.nio.ByteBuffer;

/**
 * Q4_0, Q4_1, Q5_0 and Q5_1: 32 elements with one scale d and, in the formats ..._1, a minimum m. Byte j of the nibbles
 * has element j low and j + 16 high; of five bits the fifth of element j is bit j of a word before them. An element is
 * d (code - middle), or d code + m.
 */
final class NibbleGrid implements CodeGrid {
    private static final int ELEMENTS = 32;

    private final boolean affine;
    private final boolean five;
    private final int word;
    private final int nibbles;

    NibbleGrid(GgmlType type) {
        this.affine = type == GgmlType.Q4_1 || type == GgmlType.Q5_1;
        this.five = type == GgmlType.Q5_0 || type == GgmlType.Q5_1;
        this.word = affine ? 4 : 2;
        this.nibbles = word + (five ? 4 : 0);
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
        float step = CodeGrid.half(blocks, at);
        float offset = affine ? CodeGrid.half(blocks, at + 2) : -step * (five ? 16 : 8);
        for (int i = 0; i < ELEMENTS; i++) {
            int pair = CodeGrid.unsigned(blocks, at + nibbles + i % 16);
            int code = i < 16 ? pair & 15 : pair >> 4;
            if (five) {
                code |= (blocks.get(at + word + i / 8) >> i % 8 & 1) << 4;
            }
            codes[from + i] = code;
            steps[from + i] = step;
            offsets[from + i] = offset;
        }
    }

    @Override
    public void write(ByteBuffer blocks, int at, int[] codes, int from) {
        for (int i = 0; i < ELEMENTS / 2; i++) {
            int low = codes[from + i] & 15;
            int high = codes[from + i + 16] & 15;
            blocks.put(at + nibbles + i, (byte) (low | high << 4));
        }
        for (int i = 0; five && i < 4; i++) {
            int bits = 0;
            for (int bit = 0; bit < 8; bit++) {
                bits |= (codes[from + 8 * i + bit] >> 4) << bit;
            }
            blocks.put(at + word + i, (byte) bits);
        }
    }
}
