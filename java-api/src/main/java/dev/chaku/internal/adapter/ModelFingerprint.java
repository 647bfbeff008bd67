package dev.chaku.internal.adapter;

import dev.chaku.errors.BadInputException;
import dev.chaku.gguf.GgufFile;
import dev.chaku.internal.io.Sha256;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * A hash that tells model files apart in milliseconds, where that of all their bytes takes seconds: of the size, of the
 * head, where key values and the list of tensors stand, and of samples spread over the rest. Files that differ in a few
 * weights alone may have the same; models of another training or format do not.
 */
public final class ModelFingerprint {
    private static final int HEAD_BYTES = 1 << 20;
    private static final int SAMPLES = 256;
    private static final int SAMPLE_BYTES = 1 << 12;

    private ModelFingerprint() {}

    /** @throws BadInputException if a part of the model cannot be read */
    public static String of(GgufFile model) {
        Sha256 sum = new Sha256();
        model.parts().forEach(part -> add(part.path(), sum));
        return sum.hex();
    }

    /** The same of any file. */
    public static String of(Path file) {
        Sha256 sum = new Sha256();
        add(file, sum);
        return sum.hex();
    }

    private static void add(Path file, Sha256 sum) {
        try (FileChannel channel = FileChannel.open(file)) {
            long size = channel.size();
            sum.add(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
            add(channel, 0, HEAD_BYTES, sum);
            long rest = size - HEAD_BYTES;
            for (int i = 0; i < SAMPLES && rest > 0; i++) {
                add(channel, HEAD_BYTES + (long) ((double) rest * i / SAMPLES), SAMPLE_BYTES, sum);
            }
            add(channel, Math.max(0, size - SAMPLE_BYTES), SAMPLE_BYTES, sum);
        } catch (IOException e) {
            throw FileFault.notRead(file, e);
        }
    }

    private static void add(FileChannel channel, long from, int bytes, Sha256 sum) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes);
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer, from + buffer.position());
            if (read < 0) {
                break;
            }
        }
        sum.add(buffer.flip());
    }
}
