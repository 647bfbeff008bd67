package dev.chaku.internal.quantize;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgmlType;
import java.nio.FloatBuffer;

/**
 * What a format can hold: finite numbers, up to a size. The scale of a block is a half, so that every block format is
 * held to the range of halves, beyond which the encoders of the core would clamp: one value past it would be lost, and
 * all others of its block with it.
 */
public final class ValueRange {
    /** The first float that does not round to a finite half. */
    private static final float PAST_HALF = 65520;
    /** The first that does not round to a finite bfloat16: half a unit above the largest. */
    private static final float PAST_BFLOAT16 = Float.intBitsToFloat(0x7f7f8000);

    private ValueRange() {}

    /** What is too large in magnitude for a format, the first of them; infinity if none is. */
    static float past(GgmlType type) {
        return switch (type) {
            case F32, F64 -> Float.POSITIVE_INFINITY;
            case BF16 -> PAST_BFLOAT16;
            default -> PAST_HALF;
        };
    }

    /**
     * Checks values before they are encoded.
     *
     * @param name of the tensor and its file, for messages
     * @param values from 0 to the limit
     * @param first index of the first of them in the tensor
     * @param columns length of a row of the tensor
     * @throws BadInputException if one is not finite or too large: the message names it, its place and what to do
     */
    public static void require(String name, GgmlType type, FloatBuffer values, long first, long columns) {
        float past = past(type);
        for (int i = 0; i < values.limit(); i++) {
            float value = values.get(i);
            if (!(Math.abs(value) < past)) {
                throw outside(name, type, value, first + i, columns);
            }
        }
    }

    /** Whether a format holds all of these values, from 0 to the limit. */
    public static boolean holds(GgmlType type, FloatBuffer values) {
        float past = past(type);
        for (int i = 0; i < values.limit(); i++) {
            if (!(Math.abs(values.get(i)) < past)) {
                return false;
            }
        }
        return true;
    }

    private static BadInputException outside(String name, GgmlType type, float value, long index, long columns) {
        String place = " in row " + index / columns + ", column " + index % columns;
        if (!Float.isFinite(value)) {
            return new BadInputException(name + ": expected finite values, found " + value + place
                    + "; it is damaged, or was written with an overflow: make it anew in BF16 or F32");
        }
        boolean wide = type == GgmlType.BF16;
        return new BadInputException(
                name + ": expected values up to " + (wide ? Float.intBitsToFloat(0x7f7f0000) : 65504f)
                        + ", the largest that " + type + " can hold, found " + value + place + "; choose "
                        + (wide ? "F32" : "BF16 or F32") + " for this tensor");
    }
}
