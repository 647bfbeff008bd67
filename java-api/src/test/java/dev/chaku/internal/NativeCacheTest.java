package dev.chaku.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaku.DeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {
  @TempDir Path root;

  private final List<NativeCache.Entry> entries = List.of(entry("a.so", 1), entry("b.so", 2));

  private static NativeCache.Entry entry(String name, long seed) {
    byte[] bytes = new byte[100_000];
    new Random(seed).nextBytes(bytes);
    return new NativeCache.Entry(name, bytes);
  }

  private static void assumePosix(Path path) {
    assumeTrue(path.getFileSystem().supportedFileAttributeViews().contains("unix"), "no POSIX permissions here");
  }

  @Test
  void extractsOnceAndFindsAgain() throws IOException {
    Path folder = new NativeCache(root).extract(entries);
    assertArrayEquals(entries.get(0).bytes(), Files.readAllBytes(folder.resolve("a.so")));
    assertArrayEquals(entries.get(1).bytes(), Files.readAllBytes(folder.resolve("b.so")));
    Object first = Files.getAttribute(folder.resolve("a.so"), "lastModifiedTime");
    assertEquals(folder, new NativeCache(root).extract(entries));
    assertEquals(first, Files.getAttribute(folder.resolve("a.so"), "lastModifiedTime"));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(2, files.count());
    }
  }

  @Test
  void anotherContentHasAnotherFolder() {
    Path one = new NativeCache(root).extract(entries);
    Path other = new NativeCache(root).extract(List.of(entry("a.so", 3), entries.get(1)));
    assertNotEquals(one, other);
  }

  @Test
  void replacesAlteredFiles() throws IOException {
    Path folder = new NativeCache(root).extract(entries);
    Path file = folder.resolve("a.so");
    byte[] altered = entries.get(0).bytes().clone();
    altered[500] ^= 1;
    Files.write(file, altered);
    new NativeCache(root).extract(entries);
    assertArrayEquals(entries.get(0).bytes(), Files.readAllBytes(file));
  }

  @Test
  void replacesLinksInsteadOfFollowingThem() throws IOException {
    Path folder = new NativeCache(root).extract(entries);
    Path elsewhere = Files.write(root.resolve("elsewhere"), entries.get(0).bytes());
    Files.delete(folder.resolve("a.so"));
    Files.createSymbolicLink(folder.resolve("a.so"), elsewhere);
    new NativeCache(root).extract(entries);
    assertTrue(Files.isRegularFile(folder.resolve("a.so"), LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void isForTheUserAlone() throws IOException {
    assumePosix(root);
    Path folder = new NativeCache(root).extract(entries);
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    DeviceException e = assertThrows(DeviceException.class, () -> new NativeCache(root).extract(entries));
    assertTrue(e.getMessage().contains("rwxrwxrwx") && e.getMessage().contains(folder.toString()), e.getMessage());
  }

  @Test
  void refusesALinkInPlaceOfTheFolder() throws IOException {
    Path folder = new NativeCache(root).extract(entries);
    Path moved = Files.move(folder, root.resolve("moved"));
    Files.createSymbolicLink(folder, moved);
    assertThrows(DeviceException.class, () -> new NativeCache(root).extract(entries));
  }

  @Test
  void manyAtOnceAgree() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<Path>> folders = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        folders.add(threads.submit(() -> new NativeCache(root).extract(entries)));
      }
      for (Future<Path> folder : folders) {
        assertArrayEquals(entries.get(1).bytes(), Files.readAllBytes(folder.get().resolve("b.so")));
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
