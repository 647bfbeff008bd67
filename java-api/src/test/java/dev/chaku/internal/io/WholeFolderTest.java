package dev.chaku.internal.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFolderTest {
    @TempDir
    Path around;

    private Path place;

    @BeforeEach
    void name() {
        place = around.resolve("out");
    }

    private void write(String text) throws IOException {
        try (WholeFolder folder = WholeFolder.begin(place)) {
            Files.writeString(folder.path().resolve("file"), text);
            assertFalse(Files.exists(place)
                    && Files.readString(place.resolve("file")).equals(text));
            folder.replace();
        }
    }

    private void assertOnly(String... names) throws IOException {
        try (Stream<Path> entries = Files.list(around)) {
            assertEquals(
                    List.of(names),
                    entries.map(entry -> entry.getFileName().toString())
                            .sorted()
                            .toList());
        }
    }

    @Test
    void appearsWhole() throws IOException {
        try (WholeFolder folder = WholeFolder.begin(place)) {
            Files.writeString(folder.path().resolve("file"), "text");
            assertFalse(Files.exists(place));
            folder.place();
        }
        assertEquals("text", Files.readString(place.resolve("file")));
        assertOnly("out");
    }

    @Test
    void withoutPlacingNothingIsLeft() throws IOException {
        try (WholeFolder folder = WholeFolder.begin(place)) {
            Files.writeString(
                    Files.createDirectory(folder.path().resolve("inner")).resolve("file"), "text");
        }
        assertOnly();
    }

    /** A rename alone would take the place of an empty folder. */
    @Test
    void aNewFolderTakesNoOthersPlace() throws IOException {
        Files.createDirectory(place);
        try (WholeFolder folder = WholeFolder.begin(place)) {
            assertThrows(FileAlreadyExistsException.class, folder::place);
        }
        assertOnly("out");
    }

    @Test
    void replacesAFolder() throws IOException {
        write("first");
        write("second");
        assertEquals("second", Files.readString(place.resolve("file")));
        assertOnly("out");
    }

    @Test
    void ofTwoWritersTheSecondIsRefused() throws IOException {
        try (WholeFolder first = WholeFolder.begin(place)) {
            assertThrows(IOException.class, () -> WholeFolder.begin(place));
            assertTrue(Files.isDirectory(first.path()));
        }
        WholeFolder.begin(place).close();
        assertOnly();
    }

    /**
     * What stands there when a process is killed between the two renames of a replacement, and one that was while it
     * wrote.
     */
    @Test
    void whatAKilledOneLeftIsPutBackOrDeleted() throws IOException {
        write("first");
        Files.move(place, around.resolve(".out.old"));
        Files.writeString(Files.createDirectory(around.resolve(".out.tmp")).resolve("file"), "half");
        WholeFolder.putBack(place);
        assertEquals("first", Files.readString(place.resolve("file")));
        Files.move(place, around.resolve(".out.old"));
        WholeFolder.begin(place).close();
        assertEquals("first", Files.readString(place.resolve("file")));
        assertOnly("out");
    }

    @Test
    void theLongestNameCanBeWritten() throws IOException {
        place = around.resolve("n".repeat(255));
        write("text");
        write("more");
        assertOnly("n".repeat(255));
    }
}
