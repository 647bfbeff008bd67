package dev.chaku.internal.io;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/**
 * A file that is read at any place as long as the object is held. An interrupt of the reading thread does not close it,
 * as it does a channel. Thread-safe.
 */
public final class OpenedFile {
    private final RandomAccessFile file;

    private OpenedFile(RandomAccessFile file) {
        this.file = file;
    }

    public static OpenedFile of(Path path) throws IOException {
        return new OpenedFile(new RandomAccessFile(path.toFile(), "r"));
    }

    /**
     * The bytes at an offset.
     *
     * @throws java.io.EOFException if the file ends before
     */
    public synchronized byte[] read(long offset, int length) throws IOException {
        byte[] bytes = new byte[length];
        file.seek(offset);
        file.readFully(bytes);
        return bytes;
    }
}
