package dev.chaku.internal.io;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The lock of a folder that processes change one after another: a file {@value #NAME} in it that names its owner. Who
 * comes later waits. Thread-safe; held by one thread of one process at a time.
 *
 * <p>Beneath it is the system's lock ({@link HeldFile}), which ends with its process, however that ends. Where that
 * says nothing, because the disk has no locks or the file is another user's, the owner's name decides: its process id,
 * when that process started, and its machine. Of an owner on another machine nothing is known, and the message says
 * which file to delete.
 */
public final class FolderLock implements AutoCloseable {
    /** The file that is there while the folder is locked. */
    public static final String NAME = ".lock";

    /** The file in its place where the disk has no locks. */
    private static final String OWNED = ".lock.owner";

    private static final int LONGEST_SLEEP_MS = 25;

    /** How a file is held: the system's way, or another for tests. */
    @FunctionalInterface
    interface Holding {
        Optional<HeldFile> tryHold(Path file) throws IOException;
    }

    private final AutoCloseable held;
    private final Path file;

    private FolderLock(AutoCloseable held, Path file) {
        this.held = held;
        this.file = file;
    }

    /**
     * Waits until the folder is free, and locks it.
     *
     * @param folder that is there and can be written to
     * @param patience after which waiting is given up, if one owner alone held it all the time; time in which this
     *     process was stopped does not count
     * @throws IOException if the folder cannot be written to
     * @throws BadInputException if it is still locked then: the message names the owner
     * @throws OperationCancelledException if the thread is interrupted meanwhile
     */
    public static FolderLock acquire(Path folder, Duration patience) throws IOException {
        return acquire(folder, patience, HeldFile::tryHold);
    }

    static FolderLock acquire(Path folder, Duration patience, Holding holding) throws IOException {
        Path file = folder.resolve(NAME);
        long waitedMs = 0;
        Object owner = null;
        for (int sleepMs = 1; ; sleepMs = Math.min(LONGEST_SLEEP_MS, 2 * sleepMs)) {
            Optional<? extends AutoCloseable> held = tryHold(file, holding);
            if (held.isPresent()) {
                return new FolderLock(held.get(), file);
            }
            // Others that come and go are work being done; one that stays is in the way.
            Object now = owner(folder);
            if (!now.equals(owner)) {
                owner = now;
                waitedMs = 0;
            } else if (waitedMs >= patience.toMillis()) {
                throw locked(folder, patience);
            }
            // Not the clock's time: of a machine that stood still the owner had nothing either.
            waitedMs += sleep(folder, sleepMs);
        }
    }

    /** What tells one holding from the next. */
    private static Object owner(Path folder) {
        StringBuilder identity = new StringBuilder();
        for (String name : new String[] {NAME, OWNED}) {
            try {
                BasicFileAttributes file = Files.readAttributes(folder.resolve(name), BasicFileAttributes.class);
                identity.append(file.fileKey()).append(' ').append(file.lastModifiedTime());
            } catch (IOException e) {
                identity.append("none");
            }
        }
        return identity.toString();
    }

    private static BadInputException locked(Path folder, Duration patience) {
        Path owned = folder.resolve(OWNED);
        Path file = Files.exists(owned) ? owned : folder.resolve(NAME);
        return new BadInputException(folder + ": expected it to be free within " + patience.toSeconds()
                + " s, found it locked by "
                + HeldFile.owner(file).lines().findFirst().orElse("another process")
                + "; wait for its end, or, if that process is gone, delete " + file);
    }

    private static Optional<? extends AutoCloseable> tryHold(Path file, Holding holding) throws IOException {
        try {
            Optional<HeldFile> held = holding.tryHold(file);
            if (held.isPresent()) {
                sign(held.get());
            }
            return held;
        } catch (AccessDeniedException e) {
            if (!Files.exists(file) || !Files.isWritable(file.getParent())) {
                throw e;
            }
            // Another user's, who may have been killed.
            OwnedFile.removeIfStale(file);
            return Optional.empty();
        } catch (IOException e) {
            if (!isWithoutLocks(e)) {
                throw e;
            }
            return OwnedFile.tryHold(file.resolveSibling(OWNED), LockOwner.self());
        }
    }

    /** What systems say of a disk that has no locks. */
    private static boolean isWithoutLocks(IOException failure) {
        String words = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        return words.contains("no locks available")
                || words.contains("not supported")
                || words.contains("not implemented");
    }

    /** Writes the owner into the file, and lets all who may write to the folder lock it after this one. */
    private static void sign(HeldFile held) throws IOException {
        boolean signed = false;
        try {
            ByteBuffer text = StandardCharsets.UTF_8.encode(LockOwner.self() + "\n");
            held.channel().truncate(0);
            while (text.hasRemaining()) {
                held.channel().write(text);
            }
            share(held.path());
            signed = true;
        } finally {
            if (!signed) {
                held.close();
            }
        }
    }

    private static void share(Path file) {
        try {
            Set<PosixFilePermission> folder = Files.getPosixFilePermissions(file.getParent());
            Set<PosixFilePermission> own = Files.getPosixFilePermissions(file);
            boolean more = false;
            for (PosixFilePermission writing :
                    Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE)) {
                more |= folder.contains(writing) && own.add(writing);
            }
            if (more) {
                Files.setPosixFilePermissions(file, own);
            }
        } catch (IOException | UnsupportedOperationException e) {
            // A disk without permissions, or another user's file.
        }
    }

    /** Sleeps a while, and returns how many milliseconds were meant. */
    private static long sleep(Path folder, int atMostMs) {
        try {
            long milliseconds = ThreadLocalRandom.current().nextInt(atMostMs) + 1L;
            Thread.sleep(milliseconds);
            return milliseconds;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationCancelledException(folder + ": interrupted while it was locked by another", e);
        }
    }

    /** Lets the next one in. May be repeated. */
    @Override
    public void close() {
        try {
            held.close();
        } catch (Exception e) {
            System.getLogger(FolderLock.class.getName())
                    .log(System.Logger.Level.WARNING, file + ": cannot be deleted: " + e.getMessage());
        }
    }
}
