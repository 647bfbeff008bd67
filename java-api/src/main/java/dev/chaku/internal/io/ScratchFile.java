package dev.chaku.internal.io;

import dev.chaku.errors.ResourceException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file for what does not fit into memory: bytes are appended, then read again where they stand. It is gone when the
 * process ends, however that happens, as its name is removed at once where the system allows. Thread-safe once written;
 * an interrupt of the reading thread does not close it.
 */
public final class ScratchFile {
    private static final int BUFFER_BYTES = 1 << 16;

    private final Path path;
    private final RandomAccessFile file;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int buffered;
    private long size;

    private ScratchFile(Path path, RandomAccessFile file) {
        this.path = path;
        this.file = file;
    }

    /**
     * @throws dev.chaku.errors.ChakuException if it cannot be made in that folder, as {@link DiskFailure#notWritten}
     *     has it
     */
    public static ScratchFile in(Path folder) {
        try {
            Path path = Files.createTempFile(folder, ".chaku-", ".tmp");
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
            try {
                Files.delete(path);
            } catch (IOException e) {
                path.toFile().deleteOnExit(); // Some systems keep the name of an open file.
            }
            return new ScratchFile(path, file);
        } catch (IOException e) {
            throw DiskFailure.notWritten(folder, e);
        }
    }

    /** Bytes written so far: where the next ones will stand. */
    public long size() {
        return size;
    }

    /** @throws ResourceException if the disk is full */
    public synchronized void append(byte[] bytes, int length) {
        size += length;
        if (length > buffer.length - buffered) {
            flush();
        }
        if (length > buffer.length) {
            write(bytes, length);
            return;
        }
        System.arraycopy(bytes, 0, buffer, buffered, length);
        buffered += length;
    }

    private void flush() {
        write(buffer, buffered);
        buffered = 0;
    }

    private void write(byte[] bytes, int length) {
        try {
            file.seek(file.length());
            file.write(bytes, 0, length);
        } catch (IOException e) {
            throw DiskFailure.notWritten(path, e);
        }
    }

    /** The bytes at an offset. */
    public synchronized byte[] read(long offset, int length) throws IOException {
        if (buffered > 0) {
            flush();
        }
        byte[] bytes = new byte[length];
        file.seek(offset);
        file.readFully(bytes);
        return bytes;
    }
}
