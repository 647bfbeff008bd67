package dev.chaku.internal.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;

/**
 * A lock for disks on which the system has none: a file that is there as long as it is held, with its owner's name in
 * it. One of a process that is gone is taken away, which its name tells on the same machine alone. {@link #close}
 * deletes the file.
 *
 * <p>Two that find the same stale file must not both take it away, as the second would take the first one's new file:
 * the right to is itself a file, named by the content of the stale one, which is looked at once more under that right.
 */
final class OwnedFile implements AutoCloseable {
    private final Path path;
    private final String content;
    private boolean closed;

    private OwnedFile(Path path, String content) {
        this.path = path;
        this.content = content;
    }

    /** Makes the file; empty if another holds it. */
    static Optional<OwnedFile> tryHold(Path path, LockOwner owner) throws IOException {
        for (int i = 0; i < 2; i++) {
            String content = owner + "\n" + UUID.randomUUID() + "\n";
            try {
                Files.writeString(path, content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                return Optional.of(new OwnedFile(path, content));
            } catch (FileAlreadyExistsException e) {
                if (!removeIfStale(path)) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    /** Takes a file away whose owner is gone; false if it is not known to be, or another is about to. */
    static boolean removeIfStale(Path path) throws IOException {
        Optional<String> content = read(path);
        if (content.isEmpty() || !isStale(content.get())) {
            return content.isEmpty();
        }
        Path right = path.resolveSibling(
                path.getFileName() + "." + UUID.nameUUIDFromBytes(content.get().getBytes(StandardCharsets.UTF_8)));
        try {
            Files.createFile(right);
        } catch (FileAlreadyExistsException e) {
            return false;
        }
        try {
            if (!read(path).equals(content)) {
                return false;
            }
            Files.deleteIfExists(path);
            return true;
        } finally {
            Files.deleteIfExists(right);
        }
    }

    private static boolean isStale(String content) {
        return LockOwner.parse(content.lines().findFirst().orElse(""))
                .filter(LockOwner::isGone)
                .isPresent();
    }

    private static Optional<String> read(Path path) throws IOException {
        try {
            return Optional.of(Files.readString(path));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Deletes the file, if it is still this owner's. May be repeated. */
    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            if (read(path).filter(content::equals).isPresent()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
