package dev.chaku.internal.io;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/** Buffers outside the Java heap, in native byte order: what crosses the boundary without a copy. */
public final class DirectBuffers {
    private DirectBuffers() {}

    public static ByteBuffer bytes(int n) {
        return ByteBuffer.allocateDirect(n).order(ByteOrder.nativeOrder());
    }

    public static IntBuffer ints(int n) {
        return bytes(Math.multiplyExact(n, Integer.BYTES)).asIntBuffer();
    }

    public static FloatBuffer floats(int n) {
        return bytes(Math.multiplyExact(n, Float.BYTES)).asFloatBuffer();
    }

    public static FloatBuffer of(float[] values) {
        return floats(values.length).put(values).flip();
    }

    public static IntBuffer of(int[] values) {
        return ints(values.length).put(values).flip();
    }

    public static DoubleBuffer of(double[] values) {
        return bytes(Math.multiplyExact(values.length, Double.BYTES))
                .asDoubleBuffer()
                .put(values)
                .flip();
    }

    /** @throws IllegalArgumentException for a buffer on the Java heap */
    public static void requireDirect(Buffer buffer) {
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("expected a direct buffer, got one on the Java heap");
        }
    }
}
