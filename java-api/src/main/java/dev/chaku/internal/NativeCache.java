package dev.chaku.internal;

import dev.chaku.DeviceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * A folder of the user that holds extracted native libraries, one sub-folder per content.
 *
 * <p>What is there is trusted only if the sub-folder and the file belong to this user, nobody else may enter the folder,
 * and every byte equals the one to be extracted. A file is written under a name of its own and renamed into place, so that
 * JVMs that start at the same time never see half a file, and one that has the file loaded keeps its copy.
 */
final class NativeCache {
  /** A file to extract. */
  record Entry(String name, byte[] bytes) {}

  private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

  private final Path root;

  NativeCache(Path root) {
    this.root = root;
  }

  /** The cache where the platform keeps such files of the user. */
  static NativeCache ofUser() {
    String home = System.getProperty("user.home", "");
    String xdg = System.getenv("XDG_CACHE_HOME");
    String local = System.getenv("LOCALAPPDATA");
    Path base;
    if (NativeLibrary.platform().startsWith("windows") && local != null) {
      base = Path.of(local);
    } else if (NativeLibrary.platform().startsWith("macosx")) {
      base = Path.of(home, "Library", "Caches");
    } else if (xdg != null && Path.of(xdg).isAbsolute()) {
      base = Path.of(xdg);
    } else {
      base = Path.of(home, ".cache");
    }
    return new NativeCache(base.resolve("chaku").resolve("natives"));
  }

  /**
   * Makes sure that all entries lie in one folder, unaltered.
   *
   * @return the folder
   * @throws DeviceException if the folder cannot be written or is not the user's alone
   */
  Path extract(List<Entry> entries) {
    Path folder = root.resolve(hash(entries));
    try {
      createOwnFolder(folder);
      for (Entry entry : entries) {
        Path file = folder.resolve(entry.name());
        if (!isIntact(file, entry.bytes())) {
          write(folder, file, entry.bytes());
        }
        if (!isIntact(file, entry.bytes())) {
          throw new DeviceException("the extracted native library is altered: " + file + "; remove the folder " + folder);
        }
      }
      return folder;
    } catch (IOException e) {
      throw new DeviceException(
          "cannot extract the native library to " + folder + ": " + e + "; name a folder that holds it with -D"
              + NativeLibrary.PATH_PROPERTY, e);
    }
  }

  private static void createOwnFolder(Path folder) throws IOException {
    Files.createDirectories(folder.getParent());
    try {
      if (isPosix(folder.getParent())) {
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
      } else {
        Files.createDirectory(folder);
      }
    } catch (FileAlreadyExistsException e) {
      // Made by an earlier run, or by another JVM just now: checked below like our own.
    }
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new DeviceException("expected a folder for the native library, found something else: " + folder);
    }
    if (isPosix(folder)) {
      PosixFileAttributes attributes = attributes(folder);
      if (!isOwn(folder) || !attributes.permissions().equals(OWNER_ONLY)) {
        throw new DeviceException(
            "the folder of the native library must belong to this user alone (rwx------), found "
                + attributes.owner().getName() + " " + PosixFilePermissions.toString(attributes.permissions()) + ": "
                + folder + "; remove it");
      }
    }
  }

  private static boolean isIntact(Path file, byte[] expected) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && Files.size(file) == expected.length
        && (!isPosix(file) || isOwn(file))
        && Arrays.equals(Files.readAllBytes(file), expected);
  }

  private static void write(Path folder, Path file, byte[] bytes) throws IOException {
    Path part = folder.resolve(file.getFileName() + "." + UUID.randomUUID());
    try {
      Set<StandardOpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      try (FileChannel channel =
          isPosix(folder)
              ? FileChannel.open(part, options, PosixFilePermissions.asFileAttribute(OWNER_ONLY))
              : FileChannel.open(part, options)) {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
          channel.write(rest);
        }
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("unix");
  }

  private static PosixFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }

  /** Compares user ids where the kernel tells ours, else the name: a user id in a container may have no name. */
  private static boolean isOwn(Path path) throws IOException {
    Path self = Path.of("/proc/self");
    if (Files.exists(self)) {
      return Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS).equals(Files.getAttribute(self, "unix:uid"));
    }
    return attributes(path).owner().getName().equals(System.getProperty("user.name"));
  }

  private static String hash(List<Entry> entries) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Entry entry : entries) {
        digest.update(entry.name().getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        digest.update(entry.bytes());
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
