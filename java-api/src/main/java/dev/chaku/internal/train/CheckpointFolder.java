package dev.chaku.internal.train;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
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
public final class CheckpointFolder {
    private static final String PREFIX = "checkpoint-";
    private static final String BEST_PREFIX = "best-";
    private static final String MANIFEST = "manifest.sha256";

    private final Path output;

    public CheckpointFolder(Path output) {
        this.output = output;
    }

    /**
     * Writes a checkpoint.
     *
     * @param writer writes files into the folder that it is given
     * @throws ResourceException if the disk is full; older checkpoints stay
     */
    public void save(int step, Consumer<Path> writer) {
        save(resolve(PREFIX, step), writer);
    }

    /**
     * Writes the best state so far and deletes those before, once it is whole: at every moment one of them is.
     *
     * @param step at which it was the best
     */
    public void saveBest(int step, Consumer<Path> writer) {
        save(best(step), writer);
        for (Path old : newestFirst(BEST_PREFIX)) {
            if (!old.equals(best(step))) {
                deleteQuietly(old);
            }
        }
    }

    /** Where the best state of a step is. */
    public Path best(int step) {
        return resolve(BEST_PREFIX, step);
    }

    private Path resolve(String prefix, int step) {
        return output.resolve(String.format(Locale.ROOT, "%s%08d", prefix, step));
    }

    private void save(Path target, Consumer<Path> writer) {
        Path beside = output.resolve("." + target.getFileName() + ".tmp");
        try {
            deleteTree(beside);
            Files.createDirectory(beside);
            writer.accept(beside);
            writeManifest(beside);
            // Where one of this step is, it is torn, or the same as this one: a run gives the same bits again.
            deleteTree(target);
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
            forceFolder(output);
        } catch (IOException e) {
            throw FileFault.notWritten(target, e);
        } finally {
            deleteQuietly(beside);
        }
    }

    /** Deletes all but the newest. */
    public void keepNewest(int n) {
        List<Path> all = newestFirst();
        for (Path old : all.subList(Math.min(n, all.size()), all.size())) {
            deleteQuietly(old);
        }
    }

    /** All checkpoints, the newest first; not verified. */
    public List<Path> newestFirst() {
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
    public static void verify(Path checkpoint) {
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
                if (!sha256(checkpoint.resolve(parts[1])).equals(parts[0])) {
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
        List<String> lines = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                lines.add(sha256(file) + "  " + file.getFileName());
                force(file);
            }
        }
        Path manifest = folder.resolve(MANIFEST);
        Files.write(manifest, lines);
        force(manifest);
        forceFolder(folder);
    }

    private static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /** Makes the rename itself durable where the system lets a folder be opened. */
    private static void forceFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // Windows refuses to open folders; the files themselves are on disk already.
        }
    }

    /** The SHA-256 of a file in hexadecimal. */
    public static String sha256(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** A new SHA-256 digest. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static void deleteTree(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> entries = Files.list(folder)) {
                for (Path entry : entries.toList()) {
                    Files.delete(entry);
                }
            }
            Files.delete(folder);
        }
    }

    private static void deleteQuietly(Path folder) {
        try {
            deleteTree(folder);
        } catch (IOException e) {
            System.getLogger(CheckpointFolder.class.getName())
                    .log(System.Logger.Level.WARNING, folder + ": cannot be deleted: " + e.getMessage());
        }
    }
}
