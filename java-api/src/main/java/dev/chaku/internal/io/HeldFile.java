package dev.chaku.internal.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A file that one owner alone holds, among the threads of this JVM and the processes that see the file. The system's
 * lock on it ends with its process, however that ends, so that no stale one is ever in the way. {@link #close} deletes
 * the file.
 *
 * <p>The system's locks are those of a process, and closing any channel on the file gives them up: a file that this JVM
 * holds is never opened a second time. What this JVM holds stands in its system properties, which all class loaders
 * share.
 */
public final class HeldFile implements AutoCloseable {
    private static final String PROPERTY = "dev.chaku.held.";
    private static final int MOST_TRIES = 100;

    private final Path path;
    private final String property;
    private final FileChannel channel;

    private HeldFile(Path path, String property, FileChannel channel) {
        this.path = path;
        this.property = property;
        this.channel = channel;
    }

    /**
     * Makes the file, or takes one whose owner is gone.
     *
     * @return empty if another holds it
     * @throws IOException if it cannot be made or opened
     */
    public static Optional<HeldFile> tryHold(Path file) throws IOException {
        return hold(file, true);
    }

    /** Takes a file that is there and whose owner is gone; empty if another holds it or it is not there. */
    public static Optional<HeldFile> tryTake(Path file) throws IOException {
        return hold(file, false);
    }

    private static Optional<HeldFile> hold(Path file, boolean make) throws IOException {
        Path path = file.toAbsolutePath().getParent().toRealPath().resolve(file.getFileName());
        String property = PROPERTY + path;
        if (System.getProperties().putIfAbsent(property, "this process") != null) {
            return Optional.empty();
        }
        FileChannel channel = null;
        try {
            channel = lock(path, make);
            return channel == null ? Optional.empty() : Optional.of(new HeldFile(path, property, channel));
        } finally {
            if (channel == null) {
                System.getProperties().remove(property);
            }
        }
    }

    /** A channel on the file with the lock; null if another has it. */
    private static @Nullable FileChannel lock(Path path, boolean make) throws IOException {
        for (int i = 0; i < MOST_TRIES; i++) {
            if (make) {
                try {
                    Files.createFile(path);
                } catch (FileAlreadyExistsException e) {
                    // Its owner may be gone.
                }
            }
            FileChannel channel = null;
            boolean kept = false;
            try {
                Object before = identity(path);
                channel = FileChannel.open(path, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock();
                if (lock == null) {
                    return null;
                }
                // The owner before may have deleted it between the opening and the lock.
                kept = identity(path).equals(before);
                if (kept) {
                    return channel;
                }
            } catch (OverlappingFileLockException e) {
                return null;
            } catch (NoSuchFileException e) {
                if (!make) {
                    return null;
                }
            } finally {
                if (channel != null && !kept) {
                    channel.close();
                }
            }
        }
        return null;
    }

    /** What tells a file from another of its name. */
    private static Object identity(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        return attributes.fileKey() + " " + attributes.creationTime();
    }

    /** Who holds a file that {@link #tryHold} was refused, in words. */
    public static String owner(Path file) {
        try {
            Path path = file.toAbsolutePath().getParent().toRealPath().resolve(file.getFileName());
            if (System.getProperty(PROPERTY + path) != null) {
                return "this process";
            }
            String said = Files.readString(path).strip();
            return said.isEmpty() || said.length() > 200 ? "another process" : said;
        } catch (IOException e) {
            return "another process";
        }
    }

    /** Writes into the file who holds it, for {@link #owner}. */
    public HeldFile sign() throws IOException {
        ProcessHandle self = ProcessHandle.current();
        String since =
                self.info().startInstant().map(start -> ", started " + start).orElse("");
        ByteBuffer text = StandardCharsets.UTF_8.encode("process " + self.pid() + since + "\n");
        channel.truncate(0);
        while (text.hasRemaining()) {
            channel.write(text);
        }
        return this;
    }

    /** The file, open for writing; {@link #close} closes it. */
    public FileChannel channel() {
        return channel;
    }

    public Path path() {
        return path;
    }

    /** Deletes the file, unless it was moved away, and gives it up. May be repeated. */
    @Override
    public void close() throws IOException {
        if (!channel.isOpen()) {
            return;
        }
        try {
            Files.deleteIfExists(path);
        } finally {
            // The lock goes last: who gets it then sees that the file is gone.
            try {
                channel.close();
            } finally {
                System.getProperties().remove(property);
            }
        }
    }
}
