package dev.chaku.benchmarks.compare;

import dev.chaku.gguf.GgmlType;
import dev.chaku.internal.io.DirectBuffers;
import dev.chaku.internal.engine.lookup.Engines;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * Random values of a format, quickly: some thousand blocks are encoded once for each deviation, and a tensor is a
 * random sequence of them. No two rows are equal, and a billion weights take seconds.
 */
final class RandomBlocks {
    private static final int POOL_ELEMENTS = 1 << 20;
    private static final int BUFFER_BYTES = 1 << 20;

    private final GgmlType type;
    /** Elements that are drawn together: a block, or so many plain numbers. */
    private final int unitElements;

    private final int unitBytes;
    private final Map<Float, byte[]> pools = new HashMap<>();

    RandomBlocks(GgmlType type) {
        this.type = type;
        this.unitElements = Math.max(type.blockElements(), 32);
        this.unitBytes = Math.toIntExact(type.rowBytes(unitElements));
    }

    /**
     * Writes normal values of mean 0.
     *
     * @param elements a multiple of 32 and of the format's block
     */
    void write(WritableByteChannel out, long elements, float deviation, long seed) throws IOException {
        byte[] pool = pools.computeIfAbsent(deviation, this::encode);
        int units = pool.length / unitBytes;
        Random random = new Random(seed);
        byte[] bytes = new byte[BUFFER_BYTES / unitBytes * unitBytes];
        long left = elements / unitElements;
        while (left > 0) {
            int n = (int) Math.min(left, bytes.length / unitBytes);
            for (int i = 0; i < n; i++) {
                System.arraycopy(pool, random.nextInt(units) * unitBytes, bytes, i * unitBytes, unitBytes);
            }
            out.write(ByteBuffer.wrap(bytes, 0, n * unitBytes));
            left -= n;
        }
    }

    private byte[] encode(float deviation) {
        ByteBuffer floats = floats(POOL_ELEMENTS, 0, deviation, type.id() + 1L);
        ByteBuffer encoded = DirectBuffers.bytes(Math.toIntExact(type.rowBytes(POOL_ELEMENTS)));
        if (type == GgmlType.F32) {
            encoded.put(floats).flip();
        } else {
            FloatBuffer source = floats.asFloatBuffer();
            Engines.codec().quantize(type, source, encoded);
        }
        byte[] pool = new byte[encoded.remaining()];
        encoded.get(pool);
        return pool;
    }

    /** Normal values as the bytes of floats in a direct buffer. */
    static ByteBuffer floats(int size, float mean, float deviation, long seed) {
        Random random = new Random(seed);
        ByteBuffer bytes = DirectBuffers.bytes(size * Float.BYTES).order(ByteOrder.nativeOrder());
        for (int i = 0; i < size; i++) {
            bytes.putFloat(i * Float.BYTES, mean + deviation * (float) random.nextGaussian());
        }
        return bytes;
    }
}
