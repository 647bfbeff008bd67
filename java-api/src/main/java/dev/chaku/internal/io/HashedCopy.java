package dev.chaku.internal.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;

/** Copies a file and hashes it, reading it once: the copy has the bytes that the hash is of. */
public final class HashedCopy {
    private static final int BUFFER_BYTES = 1 << 20;

    private HashedCopy() {}

    /**
     * Copies a file into a new one.
     *
     * @param progress told how many bytes were copied, a part after the other
     * @return the SHA-256 of the bytes, in hexadecimal
     */
    public static String copy(Path from, Path to, LongConsumer progress) throws IOException {
        Sha256 sum = new Sha256();
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            while (in.read(buffer) >= 0) {
                buffer.flip();
                sum.add(buffer.duplicate());
                progress.accept(buffer.remaining());
                while (buffer.hasRemaining()) {
                    out.write(buffer);
                }
                buffer.clear();
            }
        }
        return sum.hex();
    }
}
