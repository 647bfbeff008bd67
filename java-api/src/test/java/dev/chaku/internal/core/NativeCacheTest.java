package dev.chaku.internal.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {
    @TempDir
    Path root;

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
        Path folder = new NativeCache(root).extract(entries, 1);
        assertArrayEquals(entries.get(0).bytes(), Files.readAllBytes(folder.resolve("a.so")));
        assertArrayEquals(entries.get(1).bytes(), Files.readAllBytes(folder.resolve("b.so")));
        Object first = Files.getAttribute(folder.resolve("a.so"), "lastModifiedTime");
        assertEquals(folder, new NativeCache(root).extract(entries, 1));
        assertEquals(first, Files.getAttribute(folder.resolve("a.so"), "lastModifiedTime"));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(2, files.count());
        }
    }

    @Test
    void anotherContentHasAnotherFolder() {
        Path one = new NativeCache(root).extract(entries, 1);
        Path other = new NativeCache(root).extract(List.of(entry("a.so", 3), entries.get(1)), 1);
        assertNotEquals(one, other);
    }

    @Test
    void replacesAlteredFiles() throws IOException {
        Path folder = new NativeCache(root).extract(entries, 1);
        Path file = folder.resolve("a.so");
        byte[] altered = entries.get(0).bytes().clone();
        altered[500] ^= 1;
        Files.write(file, altered);
        new NativeCache(root).extract(entries, 1);
        assertArrayEquals(entries.get(0).bytes(), Files.readAllBytes(file));
    }

    @Test
    void replacesLinksInsteadOfFollowingThem() throws IOException {
        Path folder = new NativeCache(root).extract(entries, 1);
        Path elsewhere = Files.write(root.resolve("elsewhere"), entries.get(0).bytes());
        Files.delete(folder.resolve("a.so"));
        Files.createSymbolicLink(folder.resolve("a.so"), elsewhere);
        new NativeCache(root).extract(entries, 1);
        assertTrue(Files.isRegularFile(folder.resolve("a.so"), LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void isForTheUserAlone() throws IOException {
        assumePosix(root);
        Path folder = new NativeCache(root).extract(entries, 1);
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        NativeCache.Unusable e =
                assertThrows(NativeCache.Unusable.class, () -> new NativeCache(root).extract(entries, 1));
        assertTrue(e.getMessage().contains("rwxrwxrwx") && e.getMessage().contains(folder.toString()), e.getMessage());
    }

    @Test
    void refusesALinkInPlaceOfTheFolder() throws IOException {
        Path folder = new NativeCache(root).extract(entries, 1);
        Path moved = Files.move(folder, root.resolve("moved"));
        Files.createSymbolicLink(folder, moved);
        assertThrows(NativeCache.Unusable.class, () -> new NativeCache(root).extract(entries, 1));
    }

    @Test
    void aCopyHasAFolderOfItsOwn() throws IOException {
        Path one = new NativeCache(root).extract(entries, 1);
        Path two = new NativeCache(root).extract(entries, 2);
        assertEquals(one.getFileName() + "-2", two.getFileName().toString());
        assertArrayEquals(entries.get(0).bytes(), Files.readAllBytes(two.resolve("a.so")));
    }

    private static List<String> places(
            String platform, Map<String, String> environment, String home, String temporary) {
        Properties properties = new Properties();
        properties.setProperty("user.home", home);
        properties.setProperty("java.io.tmpdir", temporary);
        properties.setProperty("user.name", "kim");
        return NativeCache.ofUser(platform, environment, properties).stream()
                .map(cache -> cache.root().toString().replaceAll("natives-\\w+", "natives-UID"))
                .toList();
    }

    /** A home that the system does not know is called ?, and is no folder of the current one. */
    @Test
    void knowsThePlacesOfTheUser() {
        String last = "/tmp/chaku-natives-UID";
        assertEquals(
                List.of("/var/xdg/chaku/natives", "/home/kim/.cache/chaku/natives", last),
                places("linux-x86_64", Map.of("XDG_CACHE_HOME", "/var/xdg"), "/home/kim", "/tmp"));
        assertEquals(
                List.of("/home/kim/.cache/chaku/natives", last),
                places("linux-x86_64", Map.of("XDG_CACHE_HOME", "relative"), "/home/kim", "/tmp"));
        assertEquals(List.of(last), places("linux-x86_64", Map.of("XDG_CACHE_HOME", ""), "?", "/tmp"));
        assertEquals(
                List.of("/Users/kim/Library/Caches/chaku/natives", "/Users/kim/.cache/chaku/natives", last),
                places("macosx-arm64", Map.of(), "/Users/kim", "/tmp"));
    }

    /** What lies among strangers is the user's alone, or nothing of it is trusted. */
    @Test
    void aPlaceAmongStrangersIsTheUsersAlone() throws IOException {
        assumePosix(root);
        Properties properties = new Properties();
        properties.setProperty("user.home", "?");
        properties.setProperty("java.io.tmpdir", root.toString());
        NativeCache cache =
                NativeCache.ofUser("linux-x86_64", Map.of(), properties).get(0);
        Path folder = cache.extract(entries, 1);
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.getParent())));
        Files.setPosixFilePermissions(folder.getParent(), PosixFilePermissions.fromString("rwxrwx---"));
        NativeCache.Unusable e = assertThrows(NativeCache.Unusable.class, () -> cache.extract(entries, 1));
        assertTrue(e.getMessage().contains("must belong to this user alone"), e.getMessage());
        Files.move(folder.getParent(), root.resolve("mine"));
        Files.createSymbolicLink(folder.getParent(), root.resolve("mine"));
        assertThrows(NativeCache.Unusable.class, () -> cache.extract(entries, 1));
    }

    @Test
    void saysInWordsWhyAPlaceIsOfNoUse() throws IOException {
        Path file = Files.writeString(root.resolve("file"), "");
        NativeCache.Unusable e = assertThrows(
                NativeCache.Unusable.class, () -> new NativeCache(file.resolve("chaku")).extract(entries, 1));
        assertTrue(e.getMessage().startsWith(file.toString()) && !e.getMessage().contains("Exception"), e.getMessage());
    }

    @Test
    void manyAtOnceAgree() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<Path>> folders = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                folders.add(threads.submit(() -> new NativeCache(root).extract(entries, 1)));
            }
            for (Future<Path> folder : folders) {
                assertArrayEquals(
                        entries.get(1).bytes(), Files.readAllBytes(folder.get().resolve("b.so")));
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
