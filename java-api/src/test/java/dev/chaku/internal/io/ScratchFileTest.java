package dev.chaku.internal.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ScratchFileTest {
    @TempDir
    private Path folder;

    private static byte[] bytes(int n, int value) {
        byte[] bytes = new byte[n];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    @Test
    void whatWasAppendedIsReadWhereItStands() throws IOException {
        ScratchFile file = ScratchFile.in(folder);
        file.append(bytes(10, 1), 7);
        assertArrayEquals(bytes(7, 1), file.read(0, 7));
        file.append(bytes(200_000, 2), 200_000);
        file.append(bytes(5, 3), 5);
        assertEquals(200_012, file.size());
        assertArrayEquals(bytes(5, 3), file.read(200_007, 5));
        assertArrayEquals(bytes(200_000, 2), file.read(7, 200_000));
        assertThrows(IOException.class, () -> file.read(200_010, 5));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS) // The name of an open file stays there until the end.
    void leavesNothingBehind() throws IOException {
        ScratchFile.in(folder).append(new byte[1], 1);
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void aFolderThatIsNotThereIsNamed() {
        Path none = folder.resolve("none");
        String message = assertThrows(BadInputException.class, () -> ScratchFile.in(none))
                .getMessage();
        assertTrue(message.startsWith(none + ": cannot be written"), message);
    }

    @Test
    void anInterruptDoesNotCloseIt() throws IOException {
        ScratchFile file = ScratchFile.in(folder);
        file.append(bytes(3, 1), 3);
        Thread.currentThread().interrupt();
        assertArrayEquals(bytes(3, 1), file.read(0, 3));
        assertTrue(Thread.interrupted());
        assertArrayEquals(bytes(3, 1), file.read(0, 3));
    }
}
