package dev.chaku.data;

import dev.chaku.internal.io.ScratchFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Encoded examples in a scratch file. A token is written in bytes of seven bits, the low ones first, the highest bit
 * set in all but the last; weights as runs of equal ones, each its length, in such bytes, and its bits.
 */
final class TokenScratch {
    /** The most that a token and a run of one weight take. */
    private static final int MOST_BYTES = 5 + 5 + Float.BYTES;

    private final ScratchFile file;
    private final LongSequence starts = new LongSequence();
    private ByteBuffer buffer = ByteBuffer.allocate(1 << 12);

    TokenScratch(Path folder) {
        this.file = ScratchFile.in(folder);
        starts.add(0);
    }

    void add(EncodedExample example) {
        int n = example.length();
        if (buffer.capacity() < n * MOST_BYTES) {
            buffer = ByteBuffer.allocate(2 * n * MOST_BYTES);
        }
        buffer.clear();
        for (int token : example.tokens()) {
            put(token);
        }
        float[] weights = example.weights();
        for (int from = 0; from < n; ) {
            int bits = Float.floatToRawIntBits(weights[from]);
            int to = from + 1;
            while (to < n && Float.floatToRawIntBits(weights[to]) == bits) {
                to++;
            }
            put(to - from);
            buffer.putInt(bits);
            from = to;
        }
        file.append(buffer.array(), buffer.position());
        starts.add(file.size());
    }

    private void put(int value) {
        int rest = value;
        for (; (rest & ~0x7F) != 0; rest >>>= 7) {
            buffer.put((byte) (rest | 0x80));
        }
        buffer.put((byte) rest);
    }

    /** @param length tokens of the example */
    EncodedExample read(int i, int length) throws IOException {
        long start = starts.get(i);
        ByteBuffer bytes = ByteBuffer.wrap(file.read(start, (int) (starts.get(i + 1) - start)));
        int[] tokens = new int[length];
        for (int t = 0; t < length; t++) {
            tokens[t] = take(bytes);
        }
        float[] weights = new float[length];
        for (int from = 0; from < length; ) {
            int to = from + take(bytes);
            float weight = Float.intBitsToFloat(bytes.getInt());
            while (from < to) {
                weights[from++] = weight;
            }
        }
        return new EncodedExample(tokens, weights);
    }

    private static int take(ByteBuffer bytes) {
        int value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = bytes.get();
            value |= (b & 0x7F) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }
}
