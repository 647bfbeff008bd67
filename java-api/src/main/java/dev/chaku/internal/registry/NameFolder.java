package dev.chaku.internal.registry;

import dev.chaku.errors.BadInputException;
import dev.chaku.internal.huggingface.JsonFile;
import dev.chaku.internal.io.Disk;
import dev.chaku.internal.io.FolderLock;
import dev.chaku.internal.io.WholeFolder;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder of one adapter's versions. A version is there when its folder, named by its number, is: one rename makes
 * it and one takes it away, so that there is no half of one whenever a process is killed. What changes of versions
 * stands in {@value #STATE}, which is replaced whole, by one process after another. Thread-safe.
 */
public final class NameFolder {
    /** What changes: states, tags, checks, history. */
    public static final String STATE = "state.json";

    private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,8}");
    private static final Pattern INCOMING = Pattern.compile("incoming-[0-9a-f-]{36}");
    private static final Pattern REMOVED = Pattern.compile("\\.removed-.*");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path path;

    public NameFolder(Path path) {
        this.path = path;
    }

    public Path path() {
        return path;
    }

    /** Where a version is or will be. */
    public Path version(int number) {
        return path.resolve(Integer.toString(number));
    }

    /**
     * The numbers of the versions that are there, in rising order; none where there is no folder.
     *
     * @throws BadInputException if the folder cannot be read
     */
    public List<Integer> numbers() {
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(path)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> NUMBER.matcher(name).matches())
                    .map(Integer::valueOf)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FileFault.notRead(path, e);
        } catch (UncheckedIOException e) {
            throw FileFault.notRead(path, e.getCause());
        }
    }

    /**
     * What was written last; an object without keys where nothing was.
     *
     * @throws BadInputException if it cannot be read
     */
    public JsonFile state() {
        return JsonFile.readIfPresent(path.resolve(STATE));
    }

    /** Replaces what was written last; under the lock. */
    public void writeState(Map<String, ?> state) {
        NewFile.at(path.resolve(STATE)).overwrite(true).write(JsonText.of(state));
    }

    /**
     * Waits for other processes and threads, does work, and keeps them waiting meanwhile.
     *
     * @return what the work gives
     * @throws BadInputException if another does not give the lock up, or the folder cannot be written to
     */
    public <T> T locked(Supplier<T> work) {
        FolderLock lock;
        try {
            lock = FolderLock.acquire(path, PATIENCE);
        } catch (IOException e) {
            throw FileFault.notWritten(path, e);
        }
        try {
            return work.get();
        } finally {
            lock.close();
        }
    }

    /** Makes the folder where it is missing. */
    public void make() {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw FileFault.notWritten(path, e);
        }
    }

    /**
     * Begins a version whose number is not known yet; no lock is needed meanwhile.
     *
     * @return what {@link WholeFolder#placeAs} puts in its place, under the lock
     */
    public WholeFolder stage() throws IOException {
        return WholeFolder.begin(path.resolve("incoming-" + UUID.randomUUID()));
    }

    /** Takes versions away, each at once; under the lock. */
    public void remove(List<Integer> numbers) {
        for (int number : numbers) {
            Path removed = path.resolve(".removed-" + number + "-" + UUID.randomUUID());
            try {
                Disk.rename(version(number), removed);
            } catch (IOException e) {
                throw FileFault.notWritten(version(number), e);
            }
            Disk.deleteTreeQuietly(removed);
        }
    }

    /** Deletes what killed processes left; under the lock. */
    public void sweep() {
        try {
            WholeFolder.deleteLeftBehind(path, INCOMING);
            try (Stream<Path> entries = Files.list(path)) {
                entries.filter(entry ->
                                REMOVED.matcher(entry.getFileName().toString()).matches())
                        .toList()
                        .forEach(Disk::deleteTreeQuietly);
            }
        } catch (IOException | UncheckedIOException e) {
            // What is left behind harms nobody; the next one tries again.
        }
    }
}
