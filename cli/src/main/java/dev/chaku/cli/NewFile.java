package dev.chaku.cli;

import dev.chaku.BadInputException;
import dev.chaku.ResourceException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.GZIPOutputStream;

/**
 * A text file that is there whole or not at all: it is written beside its place and renamed when all is said. Gzipped if
 * its name ends in {@code .gz}. Not thread-safe.
 */
final class NewFile implements AutoCloseable {
  private final Path target;
  private final Path unfinished;
  private final FileChannel channel;
  private final Writer writer;
  private boolean done;

  /**
   * Begins a file.
   *
   * @param overwrite whether a file that is there already is replaced
   * @throws BadInputException if there is one and it is not, or there is no folder to write to
   */
  static NewFile begin(Path target, boolean overwrite) {
    Path folder = target.toAbsolutePath().getParent();
    if (!Files.isDirectory(folder)) {
      throw new BadInputException(target + ": expected a folder to write the file to, found none");
    }
    if (Files.isDirectory(target) || Files.exists(target) && !overwrite) {
      throw new BadInputException(
          target + ": expected a new file, found " + (Files.isDirectory(target) ? "a folder" : "one that exists; --force replaces it"));
    }
    try {
      return new NewFile(target, folder.resolve("." + target.getFileName() + "." + ProcessHandle.current().pid() + ".tmp"));
    } catch (IOException e) {
      throw new ResourceException(target + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private NewFile(Path target, Path unfinished) throws IOException {
    this.target = target;
    this.unfinished = unfinished;
    this.channel =
        FileChannel.open(
            unfinished, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
    OutputStream out = Channels.newOutputStream(channel);
    boolean gzip = target.getFileName().toString().endsWith(".gz");
    this.writer =
        new BufferedWriter(
            new OutputStreamWriter(gzip ? new GZIPOutputStream(out, 1 << 16) : out, StandardCharsets.UTF_8), 1 << 16);
  }

  void line(String text) {
    try {
      writer.write(text);
      writer.write('\n');
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Ends the text and makes sure that it is on the disk, still beside its place. */
  void finish() {
    try {
      writer.close(); // Ends gzip, and closes the channel.
      try (FileChannel written = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
        written.force(true);
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Puts the finished file in its place. */
  void place() {
    try {
      Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      done = true;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Without {@link #place} nothing is left behind. */
  @Override
  public void close() {
    if (done) {
      return;
    }
    try {
      channel.close();
      Files.deleteIfExists(unfinished);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private ResourceException failed(IOException e) {
    return new ResourceException(target + ": cannot be written: " + e.getMessage(), e);
  }
}
