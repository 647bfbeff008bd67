package dev.chaku.train;

import dev.chaku.BadInputException;
import dev.chaku.ResourceException;
import java.io.IOException;
import java.io.InputStream;
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
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Checkpoints of a run: folders {@code checkpoint-STEP}, each written beside and renamed when whole, with a manifest of
 * SHA-256 sums. A torn or altered one fails {@link #verify}.
 */
public final class CheckpointFolder {
  private static final String PREFIX = "checkpoint-";
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
    Path target = output.resolve("%s%08d".formatted(PREFIX, step));
    Path beside = output.resolve("." + target.getFileName() + ".tmp");
    try {
      deleteTree(beside);
      Files.createDirectory(beside);
      writer.accept(beside);
      writeManifest(beside);
      deleteTree(target);
      Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new ResourceException(target + ": the checkpoint cannot be written: " + e.getMessage(), e);
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
    try (Stream<Path> entries = Files.list(output)) {
      return entries
          .filter(path -> path.getFileName().toString().matches(PREFIX + "[0-9]{8,}"))
          .sorted(Comparator.comparing((Path path) -> path.getFileName().toString()).reversed())
          .toList();
    } catch (IOException e) {
      throw new BadInputException(output + ": the output folder cannot be read: " + e.getMessage(), e);
    }
  }

  /** @throws BadInputException if a file is missing or not what was written */
  public static void verify(Path checkpoint) {
    try {
      for (String line : Files.readAllLines(checkpoint.resolve(MANIFEST))) {
        String[] parts = line.split("  ", 2);
        Path file = checkpoint.resolve(parts.length == 2 ? parts[1] : "");
        if (parts.length != 2 || !Files.isRegularFile(file) || !sha256(file).equals(parts[0])) {
          throw new BadInputException(
              checkpoint + ": the checkpoint is torn or altered: " + (parts.length == 2 ? parts[1] : line)
                  + " is not what was written");
        }
      }
    } catch (IOException e) {
      throw new BadInputException(checkpoint + ": the checkpoint cannot be read: " + e.getMessage(), e);
    }
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
  }

  private static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** The SHA-256 of a file in hexadecimal. */
  public static String sha256(Path file) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(java.io.OutputStream.nullOutputStream());
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
