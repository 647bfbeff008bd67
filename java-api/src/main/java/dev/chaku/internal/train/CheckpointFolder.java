package dev.chaku.internal.train;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.Disk;
import dev.chaku.internal.io.Sha256;
import dev.chaku.internal.io.WholeFolder;
import dev.chaku.io.FileFault;
import dev.chaku.io.NewFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Checkpoints of a run: folders {@code checkpoint-STEP}, and {@code best-STEP} for the best state so far, each written
 * beside and renamed when whole, with a manifest of SHA-256 sums. A torn or altered one fails {@link #verify}.
 */
final class CheckpointFolder {
    private static final String PREFIX = "checkpoint-";
    private static final String BEST_PREFIX = "best-";
    private static final String MANIFEST = "manifest.sha256";

    private final Path output;

    CheckpointFolder(Path output) {
        this.output = output;
    }

    /**
     * Writes a checkpoint.
     *
     * @param writer writes files into the folder that it is given
     * @throws ResourceException if the disk is full; older checkpoints stay
     */
    void save(int step, Consumer<Path> writer) {
        save(of(step), writer);
    }

    /**
     * Writes the best state so far and deletes those before, once it is whole: at every moment one of them is.
     *
     * @param step at which it was the best
     */
    void saveBest(int step, Consumer<Path> writer) {
        save(best(step), writer);
        for (Path old : newestFirst(BEST_PREFIX)) {
            if (!old.equals(best(step))) {
                Disk.deleteTreeQuietly(old);
            }
        }
    }

    /** Where the checkpoint of a step is. */
    Path of(int step) {
        return resolve(PREFIX, step);
    }

    /** Where the best state of a step is. */
    Path best(int step) {
        return resolve(BEST_PREFIX, step);
    }

    private Path resolve(String prefix, int step) {
        return output.resolve(String.format(Locale.ROOT, "%s%08d", prefix, step));
    }

    private void save(Path target, Consumer<Path> writer) {
        try (WholeFolder folder = WholeFolder.begin(target)) {
            writer.accept(folder.path());
            writeManifest(folder.path());
            folder.replace();
        } catch (IOException e) {
            throw FileFault.notWritten(target, e);
        }
    }

    /** Deletes all but the newest. */
    void keepNewest(int n) {
        List<Path> all = newestFirst();
        for (Path old : all.subList(Math.min(n, all.size()), all.size())) {
            Disk.deleteTreeQuietly(old);
        }
    }

    /** All checkpoints, the newest first; not verified. */
    List<Path> newestFirst() {
        return newestFirst(PREFIX);
    }

    private List<Path> newestFirst(String prefix) {
        try (Stream<Path> entries = Files.list(output)) {
            return entries.filter(path -> path.getFileName().toString().matches(prefix + "[0-9]{8,}"))
                    .sorted(Comparator.comparing(
                                    (Path path) -> path.getFileName().toString())
                            .reversed())
                    .toList();
        } catch (IOException e) {
            throw FileFault.notRead(output, e);
        }
    }

    /** @throws BadInputException if a file is missing, added, or not what was written */
    static void verify(Path checkpoint) {
        try (Stream<Path> present = Files.list(checkpoint)) {
            Set<String> unexplained = new TreeSet<>();
            present.forEach(file -> unexplained.add(file.getFileName().toString()));
            if (!unexplained.remove(MANIFEST)) {
                throw torn(checkpoint, MANIFEST + " is missing");
            }
            List<String> lines = Files.readAllLines(checkpoint.resolve(MANIFEST));
            for (String line : lines) {
                String[] parts = line.split("  ", 2);
                if (parts.length != 2 || !unexplained.remove(parts[1])) {
                    throw torn(checkpoint, "'" + line + "' of " + MANIFEST + " names no file in it");
                }
                if (!Sha256.of(checkpoint.resolve(parts[1])).equals(parts[0])) {
                    throw torn(checkpoint, parts[1] + " is not what was written");
                }
            }
            if (lines.isEmpty() || !unexplained.isEmpty()) {
                throw torn(checkpoint, MANIFEST + " does not list " + unexplained);
            }
        } catch (IOException e) {
            throw FileFault.notRead(checkpoint, e);
        }
    }

    private static BadInputException torn(Path checkpoint, String why) {
        return new BadInputException(checkpoint + ": the checkpoint is torn or altered: " + why);
    }

    private static void writeManifest(Path folder) throws IOException {
        StringBuilder lines = new StringBuilder();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                lines.append(Sha256.of(file))
                        .append("  ")
                        .append(file.getFileName())
                        .append('\n');
            }
        }
        NewFile.at(folder.resolve(MANIFEST)).write(lines.toString());
    }
}
