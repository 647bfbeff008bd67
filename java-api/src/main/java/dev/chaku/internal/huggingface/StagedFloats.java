package dev.chaku.internal.huggingface;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * Writes float32 values of any number, a stretch at a time, out of one small direct buffer. Of a buffer on the heap, a
 * channel would make a direct copy of the same size, and keep it. Not thread-safe.
 */
public final class StagedFloats {
    private static final int BYTES = 1 << 20;

    private final ByteBuffer staging = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /** Takes all that remains of a buffer. */
    @FunctionalInterface
    public interface Sink {
        void write(ByteBuffer bytes) throws IOException;
    }

    /** Writes what remains of the values. */
    public void write(FloatBuffer values, Sink out) throws IOException {
        FloatBuffer rest = values.duplicate();
        while (rest.hasRemaining()) {
            int count = Math.min(rest.remaining(), BYTES / Float.BYTES);
            staging.clear().limit(count * Float.BYTES);
            staging.asFloatBuffer().put(rest.slice().limit(count));
            rest.position(rest.position() + count);
            out.write(staging);
        }
    }
}
