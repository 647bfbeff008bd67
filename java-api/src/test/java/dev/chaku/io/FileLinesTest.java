package dev.chaku.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.chaku.errors.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLinesTest {
    @TempDir
    Path folder;

    @Test
    void addsLinesBehindThoseThatAreThere() throws IOException {
        Path file = folder.resolve("log");
        FileLines.append(file, "a");
        FileLines.append(file, "é");
        assertEquals("a\né\n", Files.readString(file));
    }

    @Test
    void aPlaceThatCannotBeIsNamed() {
        Path none = folder.resolve("none/log");
        assertEquals(
                none + ": cannot be written: no such file or folder",
                assertThrows(BadInputException.class, () -> FileLines.append(none, "a"))
                        .getMessage());
    }
}
