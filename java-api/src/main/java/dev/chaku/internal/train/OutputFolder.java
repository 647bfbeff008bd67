package dev.chaku.internal.train;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.Disk;
import dev.chaku.internal.io.HeldFile;
import dev.chaku.internal.io.WholeFolder;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a run writes: a folder of its own, which it alone holds until {@link #close}, every file whole or not there. A
 * second run that wants the folder is refused, from another thread as from another process; what a killed one leaves is
 * in nobody's way.
 */
public final class OutputFolder implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(OutputFolder.class.getName());
    private static final String LOCK = ".chaku.lock";
    /** What a run that is killed may leave half written. */
    private static final Pattern HALF_WRITTEN = Pattern.compile(
            "\\.((checkpoint-[0-9]{8,}|best-[0-9]{8,}|peft)\\.(tmp|old|lock)|(config\\.json|log\\.jsonl|loss\\.svg|reference\\.txt|train\\.yaml|result\\.json|adapter\\.gguf|model\\.gguf)"
                    + "\\.[0-9a-f-]{36}\\.tmp)");
    /** What a run that is killed may leave between two renames. */
    private static final Pattern REPLACED = Pattern.compile("\\.((checkpoint-[0-9]{8,}|best-[0-9]{8,}|peft))\\.old");

    private static final Set<String> OWN_FILES = Set.of(
            "adapter.gguf",
            "model.gguf",
            "peft",
            "config.json",
            "log.jsonl",
            "loss.svg",
            "reference.txt",
            "result.json",
            "train.yaml");

    private final Path path;
    private final @Nullable HeldFile lock;
    private final boolean made;

    private OutputFolder(Path path, @Nullable HeldFile lock, boolean made) {
        this.path = path;
        this.lock = lock;
        this.made = made;
    }

    /**
     * Checks that a new run may write to this path; nothing is made.
     *
     * @throws BadInputException if it holds anything, or is no folder
     */
    public static void requireUnused(Path path) {
        List<String> there = entries(path);
        NewFile.requireFolderCanBeMade(path);
        if (!there.isEmpty()) {
            throw new BadInputException(
                    path + ": the output folder holds files already; name another, or resume the run that wrote them");
        }
    }

    /**
     * What is in a folder, but for what runs leave while they write; nothing where there is no folder.
     *
     * @throws BadInputException if it is no folder, or cannot be read
     */
    public static List<String> entries(Path path) {
        if (!Files.exists(path)) {
            return List.of();
        }
        if (!Files.isDirectory(path)) {
            throw new BadInputException(path + ": expected a folder for the output, found a file");
        }
        try (Stream<Path> entries = Files.list(path)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> !isPassing(name))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FileFault.notRead(path, e);
        } catch (UncheckedIOException e) {
            throw FileFault.notRead(path, e.getCause());
        }
    }

    private static boolean isPassing(String name) {
        return name.equals(LOCK) || HALF_WRITTEN.matcher(name).matches();
    }

    /**
     * Checks that a file beside a run's own, such as a report, has none of their names.
     *
     * @throws BadInputException if it has
     */
    public static void requireNotOfRun(Path folder, Path file) {
        boolean inside =
                NewFile.isSame(folder, file.toAbsolutePath().normalize().getParent());
        String name = file.getFileName().toString();
        boolean own = OWN_FILES.contains(name)
                || name.startsWith("checkpoint-")
                || name.startsWith("best-")
                || name.startsWith(".");
        if (inside && own) {
            throw new BadInputException(file
                    + ": expected a name that the run does not use itself, found one that it does; choose another");
        }
    }

    /**
     * Makes the folder, or takes an empty one.
     *
     * @throws BadInputException if it holds anything, is no folder, or is another run's
     * @throws ResourceException if it cannot be made
     */
    public static OutputFolder create(Path path) {
        requireUnused(path);
        OutputFolder folder = claim(path);
        boolean unused = false;
        try {
            requireUnused(path); // Another run may have come and gone meanwhile.
            unused = true;
            return folder;
        } finally {
            if (!unused) {
                folder.close();
            }
        }
    }

    /**
     * Takes a folder as it is, to go on in it, or makes it; what a killed run left half written is removed.
     *
     * @throws BadInputException if it is no folder, or is another run's
     * @throws ResourceException if it cannot be made
     */
    public static OutputFolder claim(Path path) {
        entries(path);
        try {
            boolean made = !Files.exists(path);
            Files.createDirectories(path);
            HeldFile lock = HeldFile.tryHold(path.resolve(LOCK))
                    .orElseThrow(() -> new BadInputException(path + ": another run is writing to this folder ("
                            + HeldFile.owner(path.resolve(LOCK)) + "); wait for its end, or name another folder"));
            OutputFolder folder = new OutputFolder(path, lock.sign(), made);
            folder.putBackReplaced();
            folder.removeHalfWritten();
            return folder;
        } catch (IOException e) {
            throw FileFault.notWritten(path, e);
        }
    }

    /** A folder within one that is held, or a finished run's that is only looked at. */
    public static OutputFolder of(Path path) {
        return new OutputFolder(path, null, false);
    }

    private void putBackReplaced() throws IOException {
        for (Path entry : entries()) {
            Matcher name = REPLACED.matcher(entry.getFileName().toString());
            if (name.matches()) {
                WholeFolder.putBack(path.resolve(name.group(1)));
            }
        }
    }

    private void removeHalfWritten() throws IOException {
        for (Path entry : entries()) {
            if (HALF_WRITTEN.matcher(entry.getFileName().toString()).matches()) {
                Disk.deleteTree(entry);
            }
        }
    }

    private List<Path> entries() throws IOException {
        try (Stream<Path> entries = Files.list(path)) {
            return entries.toList();
        }
    }

    /** Gives the folder up; may be repeated. */
    @Override
    public void close() {
        if (lock == null) {
            return;
        }
        try {
            lock.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, lock.path() + ": cannot be deleted: " + e.getMessage());
        }
    }

    /** Gives the folder up, and removes it if it was made for a run that did not come to be and nothing is in it. */
    public void abandon() {
        close();
        if (made && entries(path).isEmpty()) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                // An empty folder is in nobody's way.
            }
        }
    }

    /**
     * Checks that the disk has room for what a run will write; where it does not tell, the run goes on.
     *
     * @throws ResourceException if not: the message has both numbers
     */
    public void requireSpace(long bytes) {
        requireSpace(bytes, Disk.freeBytes(path));
    }

    void requireSpace(long bytes, OptionalLong free) {
        if (free.isPresent() && bytes > free.getAsLong()) {
            throw new ResourceException(
                    path + ": the run needs " + bytes + " bytes for its checkpoints and result, but the disk has "
                            + free.getAsLong() + " free; free some, keep fewer checkpoints or choose another folder");
        }
    }

    public Path path() {
        return path;
    }

    public Path resolve(String name) {
        return path.resolve(name);
    }

    /** Writes a text file, whole or not at all, in place of an older one. */
    public void writeText(String name, String text) {
        NewFile.at(path.resolve(name)).overwrite(true).write(text);
    }
}
