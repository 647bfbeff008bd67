package dev.chaku.internal.core;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.BytePointer;

/**
 * Memory outside the heap that goes back when it is closed. Direct buffers wait for a collection, which a large heap
 * puts off: what is large and needed for a moment belongs here.
 */
final class NativeScratch implements AutoCloseable {
    private final BytePointer memory;
    private final int size;

    /** Reserves memory of unknown content. */
    public NativeScratch(int bytes) {
        NativeLibrary.load();
        this.size = bytes;
        this.memory = new BytePointer(Math.max(1L, bytes));
    }

    /** Reserves memory for float32 values. */
    public static NativeScratch floats(int count) {
        return new NativeScratch(Math.multiplyExact(count, Float.BYTES));
    }

    /** All of it, in native byte order; not to be used after {@link #close}. */
    public ByteBuffer bytes() {
        return memory.asByteBuffer().limit(size).order(ByteOrder.nativeOrder());
    }

    /** All of it as float32 values; not to be used after {@link #close}. */
    public FloatBuffer floats() {
        return bytes().asFloatBuffer();
    }

    @Override
    public void close() {
        memory.close();
    }
}
