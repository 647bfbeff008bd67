package dev.chaku.internal.quantize;

import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Buffers that a task keeps from part to part. One task at a time. */
public final class Scratch {
    private ByteBuffer bytes = DirectBuffers.bytes(0);
    private FloatBuffer floats = DirectBuffers.floats(0);

    /** A direct buffer of this size, its content undefined; the one given before is no longer to be used. */
    public ByteBuffer bytes(int n) {
        if (bytes.capacity() < n) {
            bytes = DirectBuffers.bytes(n);
        }
        return bytes.clear().limit(n);
    }

    /** A direct buffer of this size, its content undefined; the one given before is no longer to be used. */
    public FloatBuffer floats(int n) {
        if (floats.capacity() < n) {
            floats = DirectBuffers.floats(n);
        }
        return floats.clear().limit(n);
    }
}
