package dev.chaku.io;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ChakuException;
import dev.chaku.errors.OperationCancelledException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.DiskFailure;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Tells in words why a file could not be read or written, as all readers and writers of Chaku do: programs over the
 * library have the same words, and the same exception, for the same fault. Thread-safe.
 */
public final class FileFault {
    private FileFault() {}

    /**
     * {@return what to throw when a file or folder could not be read}
     *
     * @param path what was read, as the user calls it
     * @param cause what the reading or writing threw
     * @throws OperationCancelledException if it was an interrupt of the thread that ended the reading
     */
    public static BadInputException notRead(Path path, IOException cause) {
        return DiskFailure.notRead(path, cause);
    }

    /**
     * {@return what to throw when a file or folder could not be written: a {@link ResourceException} where the disk
     * does not suffice or fails, a {@link BadInputException} where the place is one that cannot be written to}
     *
     * @param path what was written, as the user calls it
     * @param cause what the reading or writing threw
     * @throws OperationCancelledException if it was an interrupt of the thread that ended the writing
     */
    public static ChakuException notWritten(Path path, IOException cause) {
        return DiskFailure.notWritten(path, cause);
    }

    /**
     * {@return the same as {@link #notWritten(Path, IOException)} for what has no path}
     *
     * @param what a noun that begins the message, such as {@code standard output}
     * @param cause what the reading or writing threw
     * @throws OperationCancelledException if it was an interrupt of the thread that ended the writing
     */
    public static ChakuException notWritten(String what, IOException cause) {
        return DiskFailure.notWritten(what, cause);
    }

    /**
     * {@return whether a disk or a quota is full}
     *
     * @param cause what the reading or writing threw
     */
    public static boolean isDiskFull(IOException cause) {
        return DiskFailure.isDiskFull(cause);
    }

    /**
     * {@return whether it was a pipe, and nobody reads from it any more}
     *
     * @param cause what the reading or writing threw
     */
    public static boolean isReaderGone(IOException cause) {
        return DiskFailure.isReaderGone(cause);
    }

    /**
     * {@return why, in words that end a sentence; never the name of a class}
     *
     * @param cause what the reading or writing threw
     */
    public static String reason(IOException cause) {
        return DiskFailure.reason(cause);
    }
}
