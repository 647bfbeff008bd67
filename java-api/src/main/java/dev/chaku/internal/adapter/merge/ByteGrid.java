package dev.chaku.internal.adapter.merge;

import java.nio.ByteBuffer;

/** Q8_0: 32 elements with one scale d, then a signed byte each; an element is d code. */
final class ByteGrid implements CodeGrid {
    private static final int ELEMENTS = 32;

    @Override
    public int elements() {
        return ELEMENTS;
    }

    @Override
    public int bytes() {
        return 2 + ELEMENTS;
    }

    @Override
    public int least() {
        return -127;
    }

    @Override
    public int most() {
        return 127;
    }

    @Override
    public void read(ByteBuffer blocks, int at, int[] codes, float[] steps, float[] offsets, int from) {
        float step = CodeGrid.half(blocks, at);
        for (int i = 0; i < ELEMENTS; i++) {
            codes[from + i] = blocks.get(at + 2 + i);
            steps[from + i] = step;
            offsets[from + i] = 0;
        }
    }

    @Override
    public void write(ByteBuffer blocks, int at, int[] codes, int from) {
        for (int i = 0; i < ELEMENTS; i++) {
            blocks.put(at + 2 + i, (byte) codes[from + i]);
        }
    }
}
