package dev.chaku.train;

import dev.chaku.BadInputException;
import dev.chaku.FileFault;
import dev.chaku.NewFile;
import dev.chaku.ResourceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/** Where a run writes: a folder of its own, every file whole or not there. */
public final class OutputFolder {
  private static final Set<String> OWN_FILES = Set.of("adapter.gguf", "model.gguf", "config.json", "log.jsonl", "loss.svg");

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
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new BadInputException(path + ": expected a folder for the output, found a file");
    }
    NewFile.requireFolderCanBeMade(path);
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> entries = Files.list(path)) {
      if (entries.findAny().isPresent()) {
        throw new BadInputException(
            path + ": the output folder holds files already; name another, or resume the run that wrote them");
      }
    } catch (IOException e) {
      throw FileFault.notRead(path, e);
    }
  }

  /**
   * Checks that a file beside a run's own, such as a report, has none of their names.
   *
   * @throws BadInputException if it has
   */
  public static void requireNotOfRun(Path folder, Path file) {
    boolean inside = NewFile.isSame(folder, file.toAbsolutePath().normalize().getParent());
    String name = file.getFileName().toString();
    if (inside && (OWN_FILES.contains(name) || name.startsWith("checkpoint-") || name.startsWith("."))) {
      throw new BadInputException(file + ": expected a name that the run does not use itself, found one that it does; choose another");
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
      throw FileFault.notWritten(path, e);
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

  /** Writes a text file, whole or not at all, in place of an older one. */
  public void writeText(String name, String text) {
    NewFile.at(path.resolve(name)).overwrite(true).write(text);
  }
}
