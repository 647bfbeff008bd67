package dev.chaku.internal.adapter.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CodeGridTest {
    private static final int N = 512;

    private static ByteBuffer blocks(GgmlType type) {
        Random random = new Random(type.ordinal());
        FloatBuffer values = DirectBuffers.floats(N);
        for (int i = 0; i < N; i++) {
            values.put(i, (float) (0.1 * random.nextGaussian() + 0.02));
        }
        ByteBuffer blocks = DirectBuffers.bytes((int) type.rowBytes(N));
        Engines.codec().quantize(type, values, blocks);
        return blocks;
    }

    /** What steps, codes and offsets say is what the codec reads, and stays so with other codes. */
    @ParameterizedTest
    @EnumSource(names = {"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"})
    void saysWhatTheCodecSays(GgmlType type) {
        CodeGrid grid = CodeGrid.of(type).orElseThrow();
        assertEquals(type.blockElements(), grid.elements());
        assertEquals(type.rowBytes(grid.elements()), grid.bytes());
        ByteBuffer blocks = blocks(type);
        int[] codes = check(grid, type, blocks);
        Random random = new Random(1);
        for (int i = 0; i < N; i++) {
            codes[i] = grid.least() + random.nextInt(grid.most() - grid.least() + 1);
        }
        for (int i = 0; i < N; i += grid.elements()) {
            grid.write(blocks, i / grid.elements() * grid.bytes(), codes, i);
        }
        assertArrayEquals(codes, check(grid, type, blocks));
    }

    private static int[] check(CodeGrid grid, GgmlType type, ByteBuffer blocks) {
        int[] codes = new int[N];
        float[] steps = new float[N];
        float[] offsets = new float[N];
        for (int i = 0; i < N; i += grid.elements()) {
            grid.read(blocks, i / grid.elements() * grid.bytes(), codes, steps, offsets, i);
        }
        FloatBuffer decoded = DirectBuffers.floats(N);
        Engines.codec().dequantize(type, blocks, decoded);
        for (int i = 0; i < N; i++) {
            assertTrue(codes[i] >= grid.least() && codes[i] <= grid.most(), "code " + codes[i]);
            float bound = 1e-6f * (Math.abs(steps[i] * codes[i]) + Math.abs(offsets[i]));
            assertEquals(decoded.get(i), steps[i] * codes[i] + offsets[i], bound, "element " + i);
        }
        return codes;
    }

    @Test
    void readsHalves() {
        int[][] bits = {{0x3c00, 0}, {0xc000, 0}, {0x0001, 0}, {0x7bff, 0}, {0x8000, 0}, {0x03ff, 0}};
        float[] values = {1, -2, 0x1p-24f, 65504, -0.0f, 1023 * 0x1p-24f};
        for (int i = 0; i < values.length; i++) {
            ByteBuffer two = ByteBuffer.wrap(new byte[] {(byte) bits[i][0], (byte) (bits[i][0] >> 8)});
            assertEquals(values[i], CodeGrid.half(two, 0));
        }
    }

    @Test
    void formatsWithTablesHaveNone() {
        assertTrue(CodeGrid.of(GgmlType.IQ4_NL).isEmpty());
        assertTrue(CodeGrid.of(GgmlType.F16).isEmpty());
    }
}
