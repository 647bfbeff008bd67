package dev.chaku.train;

import dev.chaku.BadInputException;
import dev.chaku.ResourceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/** Where a run writes: a folder of its own, every file whole or not there. */
public final class OutputFolder {
  private final Path path;

  private OutputFolder(Path path) {
    this.path = path;
  }

  /**
   * Checks that a new run may write to this path; nothing is made.
   *
   * @throws BadInputException if it holds anything, or is no folder
   */
  public static void requireUnused(Path path) {
    if (!Files.exists(path)) {
      return;
    }
    if (!Files.isDirectory(path)) {
      throw new BadInputException(path + ": expected a folder for the output, found a file");
    }
    try (Stream<Path> entries = Files.list(path)) {
      if (entries.findAny().isPresent()) {
        throw new BadInputException(
            path + ": the output folder holds files already; name another, or resume the run that wrote them");
      }
    } catch (IOException e) {
      throw new BadInputException(path + ": the output folder cannot be read: " + e, e);
    }
  }

  /**
   * Makes the folder, or takes an empty one.
   *
   * @throws BadInputException if it holds anything, or is no folder
   * @throws ResourceException if it cannot be made
   */
  public static OutputFolder create(Path path) {
    requireUnused(path);
    try {
      Files.createDirectories(path);
      return new OutputFolder(path);
    } catch (IOException e) {
      throw ResourceException.notWritten(path, e);
    }
  }

  /** An output folder that is there, for a run that goes on. */
  public static OutputFolder reopen(Path path) {
    if (!Files.isDirectory(path)) {
      throw new BadInputException(path + ": expected the output folder of an earlier run, found none");
    }
    return new OutputFolder(path);
  }

  /**
   * Checks that the disk has room for what a run will write.
   *
   * @throws ResourceException if not: the message has both numbers
   */
  public void requireSpace(long bytes) {
    long free;
    try {
      free = Files.getFileStore(path).getUsableSpace();
    } catch (IOException e) {
      throw new ResourceException(path + ": the disk's free space cannot be read: " + e, e);
    }
    if (bytes > free) {
      throw new ResourceException(
          path + ": the run needs " + bytes + " bytes for its checkpoints and result, but the disk has " + free
              + " free; free some, keep fewer checkpoints or choose another folder");
    }
  }

  public Path path() {
    return path;
  }

  public Path resolve(String name) {
    return path.resolve(name);
  }

  /** Writes a text file beside and renames it over the old one. */
  public void writeText(String name, String text) {
    Path beside = path.resolve(name + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(
              beside, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(beside, path.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      try {
        Files.deleteIfExists(beside);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw ResourceException.notWritten(path.resolve(name), e);
    }
  }
}
