package dev.chaku.io;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import dev.chaku.internal.io.Disk;
import dev.chaku.internal.io.HeldFile;
import java.io.BufferedWriter;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A {@link NewFile} under way: bytes or text, written beside its place and put there when all is said. What is not
 * placed is deleted, by {@link #close} or when the JVM is told to end; what a killed JVM left is deleted by the next
 * that writes the same file. Not thread-safe.
 */
public final class FileDraft implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 16;
    /** A file name has at most 255 bytes on most systems, and the draft's is longer than the file's. */
    private static final int MOST_NAME_BYTES = 200;

    private final Path name;
    private final Path place;
    private final boolean overwrite;
    private final String remedy;
    private final HeldFile held;
    private final Thread cleaner;
    private @Nullable Writer writer;
    private boolean finished;
    private boolean placed;

    /** Begins a file whose place was checked; the name is what the user calls it. */
    FileDraft(Path name, Path place, boolean overwrite, String remedy) {
        this.name = name;
        this.place = place;
        this.overwrite = overwrite;
        this.remedy = remedy;
        String prefix = prefix(place);
        Path folder = place.getParent();
        deleteLeftBehind(folder, prefix);
        try {
            held = hold(folder, prefix);
        } catch (IOException e) {
            throw FileFault.notWritten(name, e);
        }
        // A JVM that is told to end runs no finally, and half of a large file is much to leave behind.
        cleaner = new Thread(this::release, "chaku-draft-cleaner");
        try {
            Runtime.getRuntime().addShutdownHook(cleaner);
        } catch (IllegalStateException e) {
            // The JVM is ending, and what is written is its last word.
        }
    }

    private static HeldFile hold(Path folder, String prefix) throws IOException {
        while (true) {
            Optional<HeldFile> held = HeldFile.tryHold(folder.resolve(prefix + UUID.randomUUID() + ".tmp"));
            if (held.isPresent()) {
                return held.get();
            }
            // Between its making and its lock another took it for one that is left behind.
        }
    }

    private static String prefix(Path place) {
        String file = place.getFileName().toString();
        boolean fits = file.getBytes(StandardCharsets.UTF_8).length <= MOST_NAME_BYTES;
        return fits ? "." + file + "." : "." + UUID.nameUUIDFromBytes(file.getBytes(StandardCharsets.UTF_8)) + ".";
    }

    private static void deleteLeftBehind(Path folder, String prefix) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path draft : files.filter(file -> isDraft(file.getFileName().toString(), prefix))
                    .toList()) {
                Optional<HeldFile> abandoned = HeldFile.tryTake(draft);
                if (abandoned.isPresent()) {
                    abandoned.get().close();
                }
            }
        } catch (IOException | UncheckedIOException e) {
            // What is left behind harms nobody; the next one tries again.
        }
    }

    private static boolean isDraft(String file, String prefix) {
        return file.startsWith(prefix) && file.substring(prefix.length()).matches("[0-9a-f-]{36}\\.tmp");
    }

    /** {@return where bytes are written; text goes through {@link #text} and {@link #line} instead} */
    public FileChannel channel() {
        return held.channel();
    }

    /**
     * Adds text, as UTF-8; the file is gzipped if its name ends in {@code .gz}.
     *
     * @param text the text
     */
    public void text(String text) {
        try {
            writer().write(text);
        } catch (IOException e) {
            throw FileFault.notWritten(name, e);
        }
    }

    /**
     * Adds a line of text.
     *
     * @param text the text
     */
    public void line(String text) {
        text(text);
        text("\n");
    }

    private Writer writer() throws IOException {
        if (writer == null) {
            OutputStream out = new StaysOpen(Channels.newOutputStream(held.channel()));
            boolean gzip = name.getFileName().toString().endsWith(".gz");
            writer = new BufferedWriter(
                    new OutputStreamWriter(
                            gzip ? new GZIPOutputStream(out, BUFFER_BYTES) : out, StandardCharsets.UTF_8),
                    BUFFER_BYTES);
        }
        return writer;
    }

    /**
     * Makes sure that all is on the disk, still beside its place.
     *
     * @throws ResourceException if the disk is full
     */
    public void finish() {
        if (finished) {
            return;
        }
        try {
            if (writer != null || held.channel().position() == 0) {
                writer().close(); // Ends gzip, whose empty text is no empty file.
            }
            held.channel().force(true);
            finished = true;
        } catch (IOException e) {
            throw FileFault.notWritten(name, e);
        }
    }

    /**
     * Puts the file in its place, {@link #finish}ed.
     *
     * @throws BadInputException if one has come to be there meanwhile and is not to be replaced
     */
    public void place() {
        finish();
        try {
            if (overwrite) {
                Files.move(held.path(), place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } else {
                placeWhereNothingIs();
            }
            placed = true;
            Disk.forceNames(place.getParent());
        } catch (FileAlreadyExistsException e) {
            throw new BadInputException(
                    name + ": expected a new file, found one that came to be meanwhile; " + remedy, e);
        } catch (IOException e) {
            throw FileFault.notWritten(name, e);
        }
    }

    /** A link fails if the name is taken, and a move does not. */
    private void placeWhereNothingIs() throws IOException {
        try {
            Files.createLink(place, held.path());
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (IOException | UnsupportedOperationException e) {
            // A file system without hard links.
            if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileAlreadyExistsException(place.toString());
            }
            Files.move(held.path(), place, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Takes a placed file away again, where it is one of several that belong together. */
    public void takeBack() {
        if (placed && !overwrite) {
            placed = false;
            try {
                Files.deleteIfExists(place);
            } catch (IOException e) {
                // The failure that led here is the one to report.
            }
        }
    }

    /** Without {@link #place} nothing is left behind. */
    @Override
    public void close() {
        release();
        try {
            Runtime.getRuntime().removeShutdownHook(cleaner);
        } catch (IllegalStateException e) {
            // The JVM is ending: the hook does its work.
        }
    }

    private void release() {
        try {
            held.close();
        } catch (IOException e) {
            // The failure that led here is the one to report.
        }
    }

    /** The channel, whose closing would give up the draft while it is not placed yet. */
    private static final class StaysOpen extends FilterOutputStream {
        StaysOpen(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
