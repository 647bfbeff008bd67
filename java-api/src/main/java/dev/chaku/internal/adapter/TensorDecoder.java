package dev.chaku.internal.adapter;

import dev.chaku.gguf.GgmlType;
import dev.chaku.gguf.GgufFile;
import dev.chaku.gguf.GgufTensor;
import dev.chaku.internal.engine.lookup.Engines;
import dev.chaku.internal.io.DirectBuffers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * Reads tensors of a file as numbers, part by part. Direct memory is given back late: one small pair of buffers does
 * for a whole file. Not thread-safe.
 */
final class TensorDecoder {
    /** Whole blocks of every format. */
    private static final int PART = 1 << 16;

    private final ByteBuffer encoded = DirectBuffers.bytes(PART * Float.BYTES);
    private final FloatBuffer decoded = DirectBuffers.floats(PART);

    /** @param values gets all of the tensor, whose length it has */
    void decode(GgufFile file, GgufTensor tensor, float[] values) {
        long read = 0;
        for (int from = 0; from < values.length; from += PART) {
            int n = Math.min(PART, values.length - from);
            encoded.clear().limit(Math.toIntExact(tensor.type().rowBytes(n)));
            file.readTensor(tensor, read, encoded);
            read += encoded.flip().remaining();
            if (tensor.type() == GgmlType.F32) {
                encoded.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values, from, n);
            } else {
                Engines.codec()
                        .dequantize(tensor.type(), encoded, decoded.clear().limit(n));
                decoded.get(0, values, from, n);
            }
        }
    }
}
