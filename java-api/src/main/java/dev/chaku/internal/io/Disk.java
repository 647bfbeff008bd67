package dev.chaku.internal.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What the disk under a path is asked: its room, whether it can be written to, and to keep what it was given. */
public final class Disk {
    /** {@link Files#getFileStore}, which looks for the mount point of a path in the system's table of them. */
    @FunctionalInterface
    interface Stores {
        FileStore of(Path path) throws IOException;
    }

    private Disk() {}

    /**
     * The bytes that this user may still write where a path is or will be.
     *
     * @return empty where the system does not tell: whoever would write then tries, and hears of a full disk from the
     *     system itself
     */
    public static OptionalLong freeBytes(Path path) {
        return freeBytes(path, Files::getFileStore);
    }

    /** The JDK finds no file store where the table lacks the mount point, as in chroots and some containers. */
    static OptionalLong freeBytes(Path path, Stores stores) {
        Path there = firstThatExists(path);
        if (there == null) {
            return OptionalLong.empty();
        }
        try {
            FileStore store = stores.of(there);
            return room(store.getTotalSpace(), store.getUsableSpace());
        } catch (IOException | SecurityException e) {
            return freeBytesOfPath(there);
        }
    }

    /** Asks about the path itself, without the table; the answer to a question that failed is 0. */
    private static OptionalLong freeBytesOfPath(Path there) {
        try {
            return room(there.toFile().getTotalSpace(), there.toFile().getUsableSpace());
        } catch (UnsupportedOperationException | SecurityException e) {
            return OptionalLong.empty(); // A file system that is not the system's own.
        }
    }

    /** Some file systems in user space say 0 of everything, which is not full but unknown. */
    private static OptionalLong room(long total, long usable) {
        return total <= 0 || usable < 0 ? OptionalLong.empty() : OptionalLong.of(usable);
    }

    private static @Nullable Path firstThatExists(Path path) {
        Path there = path.toAbsolutePath().normalize();
        while (there != null && !Files.exists(there)) {
            there = there.getParent();
        }
        return there;
    }

    /** Whether the disk under a path takes no writing at all; false where the system does not tell. */
    public static boolean isReadOnly(Path path) {
        try {
            return Files.getFileStore(path).isReadOnly();
        } catch (IOException | SecurityException e) {
            return false;
        }
    }

    /** Makes sure that a file's bytes are on the disk. */
    public static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** Makes new names in a folder durable where the system lets a folder be opened. */
    public static void forceNames(Path folder) {
        try (FileChannel opened = FileChannel.open(folder, StandardOpenOption.READ)) {
            opened.force(true);
        } catch (IOException e) {
            // Windows refuses to open folders; the files themselves are on disk already.
        }
    }

    /** Gives a file or folder another name on the same disk, at once; nothing may be there. */
    public static void rename(Path from, Path to) throws IOException {
        if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(to.toString());
        }
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        forceNames(to.toAbsolutePath().getParent());
    }

    /** Deletes a file or a folder and all in it; a link is deleted and not followed. Nothing if it is not there. */
    public static void deleteTree(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** The same, where what is left behind harms nobody: a failure is logged. */
    public static void deleteTreeQuietly(Path path) {
        try {
            deleteTree(path);
        } catch (IOException e) {
            System.getLogger(Disk.class.getName())
                    .log(System.Logger.Level.WARNING, path + ": cannot be deleted: " + DiskFailure.reason(e));
        }
    }
}
