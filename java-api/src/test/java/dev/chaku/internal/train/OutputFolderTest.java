package dev.chaku.internal.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ResourceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutputFolderTest {
    @TempDir
    Path temp;

    @Test
    void makesAFolderOrTakesAnEmptyOne() throws IOException {
        Path path = temp.resolve("a/b");
        try (OutputFolder folder = OutputFolder.create(path)) {
            folder.writeText("t.txt", "one");
        }
        assertThrows(BadInputException.class, () -> OutputFolder.create(path));
        try (OutputFolder folder = OutputFolder.claim(path)) {
            folder.writeText("t.txt", "two");
        }
        assertEquals("two", Files.readString(path.resolve("t.txt")));
        try (Stream<Path> files = Files.list(path)) {
            assertEquals(1, files.count());
        }
        OutputFolder.create(Files.createDirectory(temp.resolve("empty"))).close();
        OutputFolder.claim(temp.resolve("absent")).close();
    }

    @Test
    void isHeldByOneRunAlone() throws IOException {
        Path path = temp.resolve("a");
        OutputFolder folder = OutputFolder.create(path);
        String message = assertThrows(BadInputException.class, () -> OutputFolder.create(path))
                .getMessage();
        assertTrue(message.startsWith(path + ": another run is writing to this folder (this process)"), message);
        assertThrows(BadInputException.class, () -> OutputFolder.claim(temp.resolve("./a")));
        folder.close();
        folder.close();
        OutputFolder.create(path).close();
        assertTrue(OutputFolder.entries(path).isEmpty());
    }

    @Test
    void whatAKilledRunLeavesIsRemovedAndNothingElse() throws IOException {
        Path path = Files.createDirectory(temp.resolve("a"));
        Files.writeString(path.resolve(".chaku.lock"), "process 1\n");
        Files.writeString(
                Files.createDirectory(path.resolve(".checkpoint-00000012.tmp")).resolve("state"), "half");
        Files.writeString(path.resolve(".config.json.01234567-89ab-cdef-0123-456789abcdef.tmp"), "half");
        OutputFolder.requireUnused(path);
        Files.writeString(path.resolve(".mine.tmp"), "x");
        assertThrows(BadInputException.class, () -> OutputFolder.requireUnused(path));
        OutputFolder.claim(path).close();
        try (Stream<Path> files = Files.list(path)) {
            assertEquals(
                    List.of(".mine.tmp"),
                    files.map(file -> file.getFileName().toString()).toList());
        }
    }

    @Test
    void aRunThatDoesNotComeToBeLeavesNoFolder() throws IOException {
        OutputFolder.create(temp.resolve("a")).abandon();
        assertFalse(Files.exists(temp.resolve("a")));
        OutputFolder.create(Files.createDirectory(temp.resolve("theirs"))).abandon();
        assertTrue(Files.exists(temp.resolve("theirs")));
    }

    @Test
    void tellsHowMuchSpaceIsMissing() {
        OutputFolder folder = OutputFolder.create(temp.resolve("a"));
        folder.requireSpace(1);
        String message = assertThrows(ResourceException.class, () -> folder.requireSpace(Long.MAX_VALUE))
                .getMessage();
        assertTrue(message.contains("needs " + Long.MAX_VALUE + " bytes"), message);
    }

    @Test
    void whereTheSystemTellsNoSpaceTheRunGoesOn() {
        OutputFolder.create(temp.resolve("a")).requireSpace(Long.MAX_VALUE, OptionalLong.empty());
    }

    @Test
    void aReportHasNoNameOfTheRunsOwn() {
        Path run = temp.resolve("run");
        OutputFolder.requireNotOfRun(run, run.resolve("report.html"));
        OutputFolder.requireNotOfRun(run, temp.resolve("log.jsonl"));
        for (String name : new String[] {"adapter.gguf", "log.jsonl", "checkpoint-00000001", "../run/loss.svg"}) {
            assertThrows(BadInputException.class, () -> OutputFolder.requireNotOfRun(run, run.resolve(name)), name);
        }
    }

    @Test
    void aTextThatCannotBeWrittenLeavesNothing() throws IOException {
        OutputFolder folder = OutputFolder.create(temp.resolve("a"));
        // A folder of that name cannot be replaced by a file.
        Files.createDirectories(folder.resolve("t.txt/inner"));
        assertThrows(BadInputException.class, () -> folder.writeText("t.txt", "x"));
        folder.close();
        try (Stream<Path> files = Files.list(folder.path())) {
            assertEquals(1, files.count());
        }
    }
}
