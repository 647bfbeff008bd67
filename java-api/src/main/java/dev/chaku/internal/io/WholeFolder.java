package dev.chaku.internal.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder that appears in its place whole or not at all: files are written into {@link #path}, beside the place, and
 * the folder is renamed when all are. A lock tells two writers of one place apart; what a killed one left is deleted by
 * the next, and a folder that it was about to replace is put back. Not thread-safe.
 *
 * <p>Of a folder {@code NAME} these stand beside it meanwhile: {@code .NAME.tmp}, the new one; {@code .NAME.old}, the
 * one it replaces, between two renames; {@code .NAME.lock}.
 */
public final class WholeFolder implements AutoCloseable {
    /** A file name has at most 255 bytes on most systems, and those beside are longer than the folder's. */
    private static final int MOST_NAME_BYTES = 200;

    private final Path place;
    private final Path beside;
    private final Path old;
    private final HeldFile lock;

    private WholeFolder(Path place, HeldFile lock) throws IOException {
        this.place = place;
        this.beside = beside(place, ".tmp");
        this.old = beside(place, ".old");
        this.lock = lock;
        putBack(place, old);
        Disk.deleteTree(old);
        Disk.deleteTree(beside);
        Files.createDirectory(beside);
    }

    /**
     * Begins a folder; nothing is in it.
     *
     * @param place where it will be, in a folder that is there
     * @throws IOException if it cannot be made there, or another is writing the same folder
     */
    public static WholeFolder begin(Path place) throws IOException {
        Path absolute = place.toAbsolutePath();
        HeldFile lock = HeldFile.tryHold(beside(absolute, ".lock"))
                .orElseThrow(() -> new IOException("another is writing the same folder"));
        try {
            return new WholeFolder(absolute, lock);
        } catch (IOException e) {
            lock.close();
            throw e;
        }
    }

    private static Path beside(Path place, String suffix) {
        String name = place.getFileName().toString();
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        return place.resolveSibling("."
                + (bytes.length <= MOST_NAME_BYTES
                        ? name
                        : UUID.nameUUIDFromBytes(bytes).toString()) + suffix);
    }

    /** Puts a folder back that was about to be replaced when its process was killed; nothing if there is none. */
    public static void putBack(Path place) throws IOException {
        putBack(place, beside(place, ".old"));
    }

    private static void putBack(Path place, Path old) throws IOException {
        if (Files.isDirectory(old) && !Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            Files.move(old, place, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Where to write the files. */
    public Path path() {
        return beside;
    }

    /**
     * Puts the folder in its place, all its files on the disk.
     *
     * @throws FileAlreadyExistsException if something is there
     */
    public void place() throws IOException {
        force();
        placeAs(place.getFileName().toString());
    }

    /** Makes sure that all files are on the disk, so that {@link #placeAs} takes no time. */
    public void force() throws IOException {
        forceFiles(beside);
    }

    /**
     * Puts the folder, which was {@link #force}d, under another name beside its place: for a place that is known only
     * when all is written.
     *
     * @throws FileAlreadyExistsException if something is there
     */
    public void placeAs(String name) throws IOException {
        Path there = place.resolveSibling(name);
        if (Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(there.toString()); // A move would replace an empty folder.
        }
        Files.move(beside, there, StandardCopyOption.ATOMIC_MOVE);
        Disk.forceNames(place.getParent());
    }

    /** Deletes what killed writers of folders in this one left beside places of such names. */
    public static void deleteLeftBehind(Path around, Pattern names) throws IOException {
        for (Path entry : entries(around)) {
            String name = entry.getFileName().toString();
            if (name.startsWith(".") && name.endsWith(".tmp")) {
                Path place = around.resolve(name.substring(1, name.length() - ".tmp".length()));
                if (names.matcher(place.getFileName().toString()).matches()) {
                    deleteLeftBehind(entry, place);
                }
            }
        }
    }

    private static void deleteLeftBehind(Path part, Path place) throws IOException {
        Optional<HeldFile> abandoned = HeldFile.tryHold(beside(place, ".lock"));
        if (abandoned.isPresent()) {
            try {
                Disk.deleteTreeQuietly(part);
            } finally {
                abandoned.get().close();
            }
        }
    }

    private static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /**
     * The same in place of a folder that may be there. That one stays until the new one is whole, and a kill between
     * the two renames loses neither: the next writer, or {@link #putBack(Path)}, puts it back.
     */
    public void replace() throws IOException {
        force();
        if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            Files.move(place, old, StandardCopyOption.ATOMIC_MOVE);
        }
        boolean done = false;
        try {
            Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE);
            done = true;
        } finally {
            if (!done) {
                putBack(place, old);
            }
        }
        Disk.forceNames(place.getParent());
        Disk.deleteTreeQuietly(old);
    }

    private static void forceFiles(Path folder) throws IOException {
        for (Path file : entries(folder)) {
            if (Files.isRegularFile(file)) {
                Disk.force(file);
            }
        }
        Disk.forceNames(folder);
    }

    /** Deletes what is not placed. May be repeated. */
    @Override
    public void close() {
        Disk.deleteTreeQuietly(beside);
        try {
            lock.close();
        } catch (IOException e) {
            System.getLogger(WholeFolder.class.getName())
                    .log(System.Logger.Level.WARNING, lock.path() + ": cannot be deleted: " + DiskFailure.reason(e));
        }
    }
}
