package dev.chaku;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A {@link NewFile} under way: bytes or text, written beside its place and put there when all is said. What is not placed
 * is deleted, by {@link #close} or when the JVM is told to end; what a killed JVM left is deleted by the next that writes
 * the same file. Not thread-safe.
 */
public final class FileDraft implements AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 16;
  /** A file name has at most 255 bytes on most systems, and the draft's is longer than the file's. */
  private static final int MOST_NAME_BYTES = 200;
  /** A draft that is younger may not be locked yet by who writes it. */
  private static final Duration LEFT_BEHIND = Duration.ofMinutes(1);

  private final Path name;
  private final Path place;
  private final Path beside;
  private final boolean overwrite;
  private final String remedy;
  private final FileChannel channel;
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
    beside = folder.resolve(prefix + UUID.randomUUID() + ".tmp");
    deleteLeftBehind(folder, prefix);
    try {
      channel = FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw FileFault.notWritten(name, e);
    }
    lock(channel);
    // A JVM that is told to end runs no finally, and half of a large file is much to leave behind.
    cleaner = new Thread(this::deleteQuietly, "chaku-draft-cleaner");
    Runtime.getRuntime().addShutdownHook(cleaner);
  }

  private static String prefix(Path place) {
    String file = place.getFileName().toString();
    boolean fits = file.getBytes(StandardCharsets.UTF_8).length <= MOST_NAME_BYTES;
    return fits ? "." + file + "." : "." + UUID.nameUUIDFromBytes(file.getBytes(StandardCharsets.UTF_8)) + ".";
  }

  /** Whether this draft's lock is had; where the file system has no locks, nothing is ever taken for left behind. */
  private static boolean lock(FileChannel of) {
    try {
      return of.tryLock() != null;
    } catch (IOException | OverlappingFileLockException e) {
      return false;
    }
  }

  private static void deleteLeftBehind(Path folder, String prefix) {
    Instant old = Instant.now().minus(LEFT_BEHIND);
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> drafts = files.filter(file -> isDraft(file.getFileName().toString(), prefix)).toList();
      for (Path draft : drafts) {
        if (Files.getLastModifiedTime(draft).toInstant().isBefore(old) && isUnlocked(draft)) {
          Files.deleteIfExists(draft);
        }
      }
    } catch (IOException e) {
      // What is left behind harms nobody; the next one tries again.
    }
  }

  private static boolean isDraft(String file, String prefix) {
    return file.startsWith(prefix) && file.substring(prefix.length()).matches("[0-9a-f-]{36}\\.tmp");
  }

  private static boolean isUnlocked(Path draft) throws IOException {
    try (FileChannel other = FileChannel.open(draft, StandardOpenOption.WRITE)) {
      return lock(other);
    }
  }

  /** Where bytes are written; text goes through {@link #text} and {@link #line} instead. */
  public FileChannel channel() {
    return channel;
  }

  /** Adds text, as UTF-8; the file is gzipped if its name ends in {@code .gz}. */
  public void text(String text) {
    try {
      writer().write(text);
    } catch (IOException e) {
      throw FileFault.notWritten(name, e);
    }
  }

  /** Adds a line of text. */
  public void line(String text) {
    text(text);
    text("\n");
  }

  private Writer writer() throws IOException {
    if (writer == null) {
      OutputStream out = Channels.newOutputStream(channel);
      boolean gzip = name.getFileName().toString().endsWith(".gz");
      writer =
          new BufferedWriter(
              new OutputStreamWriter(gzip ? new GZIPOutputStream(out, BUFFER_BYTES) : out, StandardCharsets.UTF_8),
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
      if (writer != null || channel.position() == 0) {
        writer().close(); // Ends gzip, whose empty text is no empty file, and closes the channel.
      }
      channel.close();
      try (FileChannel written = FileChannel.open(beside, StandardOpenOption.WRITE)) {
        written.force(true);
      }
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
        Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } else {
        placeWhereNothingIs();
      }
      placed = true;
      forceFolder(place.getParent());
    } catch (FileAlreadyExistsException e) {
      throw new BadInputException(name + ": expected a new file, found one that came to be meanwhile; " + remedy, e);
    } catch (IOException e) {
      throw FileFault.notWritten(name, e);
    }
  }

  /** A link fails if the name is taken, and a move does not. */
  private void placeWhereNothingIs() throws IOException {
    try {
      Files.createLink(place, beside);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException e) {
      // A file system without hard links.
      if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
        throw new FileAlreadyExistsException(place.toString());
      }
      Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE);
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

  /** Makes the new name itself durable where the system lets a folder be opened. */
  private static void forceFolder(Path folder) {
    try (FileChannel opened = FileChannel.open(folder, StandardOpenOption.READ)) {
      opened.force(true);
    } catch (IOException e) {
      // Windows refuses to open folders; the file itself is on disk already.
    }
  }

  /** Without {@link #place} nothing is left behind. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // Nothing more is written to it.
    }
    deleteQuietly();
    try {
      Runtime.getRuntime().removeShutdownHook(cleaner);
    } catch (IllegalStateException e) {
      // The JVM is ending: the hook does its work.
    }
  }

  private void deleteQuietly() {
    try {
      Files.deleteIfExists(beside);
    } catch (IOException e) {
      // The failure that led here is the one to report.
    }
  }
}
