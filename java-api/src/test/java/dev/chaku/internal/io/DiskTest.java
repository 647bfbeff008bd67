package dev.chaku.internal.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileStoreAttributeView;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskTest {
    @TempDir
    Path folder;

    /** What the JDK throws in a chroot whose root is no mount point. */
    private static FileStore noMountPoint(Path path) throws IOException {
        throw new IOException("Mount point not found");
    }

    @Test
    void tellsTheRoomOfFoldersThatAreThereAndThatWillBe() {
        assertTrue(Disk.freeBytes(folder).getAsLong() > 0);
        assertTrue(Disk.freeBytes(folder.resolve("a/b/c")).getAsLong() > 0);
    }

    @Test
    void asksAboutThePathWhereTheTableOfMountsLacksIt() {
        assertTrue(Disk.freeBytes(folder, DiskTest::noMountPoint).getAsLong() > 0);
    }

    /** A path within a zip file: no system call takes it. */
    @Test
    void whereNobodyTellsItIsUnknown() throws IOException {
        URI zip = URI.create("jar:" + folder.resolve("z.zip").toUri());
        try (FileSystem system = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
            assertEquals(OptionalLong.empty(), Disk.freeBytes(system.getPath("/"), DiskTest::noMountPoint));
        }
    }

    @Test
    void aDiskOfNoSizeIsUnknownAndAFullOneIsFull() {
        assertEquals(OptionalLong.empty(), Disk.freeBytes(folder, path -> new Store(0, 0)));
        assertEquals(OptionalLong.of(0), Disk.freeBytes(folder, path -> new Store(100, 0)));
        assertEquals(OptionalLong.of(7), Disk.freeBytes(folder, path -> new Store(100, 7)));
    }

    @Test
    void deletesTreesAndNotWhatLinksLeadTo() throws IOException {
        Path kept =
                Files.writeString(Files.createDirectory(folder.resolve("kept")).resolve("file"), "x");
        Path tree = Files.createDirectories(folder.resolve("tree/inner"));
        Files.writeString(tree.resolve("file"), "x");
        Files.createSymbolicLink(tree.resolve("link"), kept.getParent());
        Disk.deleteTree(folder.resolve("tree"));
        Disk.deleteTree(folder.resolve("tree"));
        assertFalse(Files.exists(folder.resolve("tree")));
        assertEquals("x", Files.readString(kept));
    }

    private static final class Store extends FileStore {
        private final long total;
        private final long usable;

        Store(long total, long usable) {
            this.total = total;
            this.usable = usable;
        }

        @Override
        public long getTotalSpace() {
            return total;
        }

        @Override
        public long getUsableSpace() {
            return usable;
        }

        @Override
        public long getUnallocatedSpace() {
            return usable;
        }

        @Override
        public String name() {
            return "test";
        }

        @Override
        public String type() {
            return "test";
        }

        @Override
        public boolean isReadOnly() {
            return false;
        }

        @Override
        public boolean supportsFileAttributeView(Class<? extends FileAttributeView> type) {
            return false;
        }

        @Override
        public boolean supportsFileAttributeView(String name) {
            return false;
        }

        @Override
        public <V extends FileStoreAttributeView> V getFileStoreAttributeView(Class<V> type) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Object getAttribute(String attribute) {
            throw new UnsupportedOperationException();
        }
    }
}
