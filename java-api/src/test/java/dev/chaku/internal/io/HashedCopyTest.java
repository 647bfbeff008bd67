package dev.chaku.internal.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HashedCopyTest {
    @TempDir
    Path folder;

    @Test
    void theCopyHasTheBytesOfTheHash() throws Exception {
        for (int n : new int[] {0, 1, 1 << 20, (5 << 19) + 7}) {
            byte[] bytes = new byte[n];
            new Random(n).nextBytes(bytes);
            Path from = Files.write(folder.resolve("from"), bytes);
            Path to = folder.resolve("to-" + n);
            AtomicLong told = new AtomicLong();
            assertEquals(Sha256.of(from), HashedCopy.copy(from, to, told::addAndGet));
            assertArrayEquals(bytes, Files.readAllBytes(to));
            assertEquals(n, told.get());
            assertThrows(FileAlreadyExistsException.class, () -> HashedCopy.copy(from, to, unused -> {}));
        }
    }
}
