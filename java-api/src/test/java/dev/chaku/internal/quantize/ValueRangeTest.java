package dev.chaku.internal.quantize;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ValueRangeTest {
    private static final int VALUES = 256;

    static Stream<GgmlType> written() {
        return Arrays.stream(GgmlType.values()).filter(TensorEncoder::canEncode);
    }

    static Stream<GgmlType> halves() {
        return written().filter(type -> type != GgmlType.F32 && type != GgmlType.BF16);
    }

    private static FloatBuffer values(float first, float others) {
        FloatBuffer values = DirectBuffers.floats(VALUES);
        for (int i = 0; i < VALUES; i++) {
            values.put(i, i % 32 == 0 ? first : i % 2 == 0 ? others : -others);
        }
        return values;
    }

    private static FloatBuffer through(GgmlType type, FloatBuffer values) {
        ByteBuffer encoded = DirectBuffers.bytes((int) type.rowBytes(VALUES));
        Engines.codec().quantize(type, values, encoded);
        FloatBuffer decoded = DirectBuffers.floats(VALUES);
        Engines.codec().dequantize(type, encoded, decoded);
        return decoded;
    }

    private static String refusal(GgmlType type, FloatBuffer values) {
        return assertThrows(
                        BadInputException.class, () -> ValueRange.require("x.gguf: tensor w", type, values, 640, 64))
                .getMessage();
    }

    /** What passes is stored as a finite number near to it, whatever stands beside it in its block. */
    @ParameterizedTest
    @MethodSource("halves")
    void theLargestThatPassesIsHeld(GgmlType type) {
        for (float extreme : new float[] {65504, -65504, 65519}) {
            for (float others : new float[] {0, 1e-3f, 65504}) {
                FloatBuffer values = values(extreme, others);
                ValueRange.require("", type, values, 0, VALUES);
                FloatBuffer decoded = through(type, values);
                for (int i = 0; i < VALUES; i++) {
                    assertTrue(Float.isFinite(decoded.get(i)), type + ": " + decoded.get(i));
                }
                assertEquals(extreme, decoded.get(0), 0.3 * Math.abs(extreme), type + " beside " + others);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("halves")
    void whatWouldOverflowIsRefusedByNameAndPlace(GgmlType type) {
        FloatBuffer values = DirectBuffers.floats(VALUES);
        values.put(70, -100000f);
        assertEquals(
                "x.gguf: tensor w: expected values up to 65504.0, the largest that " + type
                        + " can hold, found -100000.0 in row 11, column 6; choose BF16 or F32 for this tensor",
                refusal(type, values));
        values.put(70, 65520f);
        refusal(type, values);
    }

    @ParameterizedTest
    @MethodSource("written")
    void whatIsNoNumberIsRefused(GgmlType type) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            FloatBuffer values = DirectBuffers.floats(VALUES);
            values.put(1, bad);
            String message = refusal(type, values);
            assertTrue(
                    message.startsWith(
                            "x.gguf: tensor w: expected finite values, found " + bad + " in row 10, column 1"),
                    message);
        }
    }

    /** Half a unit above the largest bfloat16 rounds to infinity, the float before it does not. */
    @Test
    void aBfloat16HasTheRangeOfFloatsButForTheLastHalfUnit() {
        FloatBuffer values = values(Math.nextDown(Float.intBitsToFloat(0x7f7f8000)), 1);
        ValueRange.require("", GgmlType.BF16, values, 0, VALUES);
        assertTrue(Float.isFinite(through(GgmlType.BF16, values).get(0)));
        FloatBuffer past = values(Float.intBitsToFloat(0x7f7f8000), 1);
        assertTrue(Float.isInfinite(through(GgmlType.BF16, past).get(0)));
        assertTrue(refusal(GgmlType.BF16, past).endsWith("choose F32 for this tensor"));
        ValueRange.require("", GgmlType.F32, past, 0, VALUES);
    }
}
