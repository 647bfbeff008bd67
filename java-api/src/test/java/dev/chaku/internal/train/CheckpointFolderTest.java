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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFolderTest {
    @TempDir
    Path output;

    private Path save(int step, String text) {
        new CheckpointFolder(output).save(step, into -> write(into.resolve("state"), text));
        return output.resolve("checkpoint-%08d".formatted(step));
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String torn(Path checkpoint) {
        return assertThrows(BadInputException.class, () -> CheckpointFolder.verify(checkpoint))
                .getMessage();
    }

    @Test
    void savesVerifiesAndKeepsTheNewest() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(output);
        save(9, "a");
        save(10, "b");
        save(100, "c");
        assertEquals(
                List.of("checkpoint-00000100", "checkpoint-00000010", "checkpoint-00000009"),
                folder.newestFirst().stream()
                        .map(path -> path.getFileName().toString())
                        .toList());
        for (Path checkpoint : folder.newestFirst()) {
            CheckpointFolder.verify(checkpoint);
        }
        folder.keepNewest(2);
        assertEquals(2, folder.newestFirst().size());
        assertEquals("c", Files.readString(folder.newestFirst().get(0).resolve("state")));
    }

    @Test
    void noticesEveryDamage() throws IOException {
        write(save(1, "whole").resolve("state"), "whale");
        assertTrue(torn(output.resolve("checkpoint-00000001")).contains("state is not what was written"));
        Files.delete(save(2, "whole").resolve("state"));
        assertTrue(torn(output.resolve("checkpoint-00000002")).contains("names no file in it"));
        write(save(3, "whole").resolve("added"), "x");
        assertTrue(torn(output.resolve("checkpoint-00000003")).contains("does not list [added]"));
        write(save(4, "whole").resolve("manifest.sha256"), "");
        assertTrue(torn(output.resolve("checkpoint-00000004")).contains("does not list [state]"));
        Files.delete(save(5, "whole").resolve("manifest.sha256"));
        assertTrue(torn(output.resolve("checkpoint-00000005")).contains("manifest.sha256 is missing"));
        assertThrows(BadInputException.class, () -> CheckpointFolder.verify(output.resolve("absent")));
    }

    /** A full disk, say: what was there stays, and nothing half is left. */
    @Test
    void aFailedSaveLosesNothing() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(output);
        save(1, "first");
        ResourceException full = new ResourceException("the disk is full");
        assertEquals(
                full,
                assertThrows(
                        ResourceException.class,
                        () -> folder.save(1, into -> {
                            write(into.resolve("state"), "second");
                            throw full;
                        })));
        CheckpointFolder.verify(output.resolve("checkpoint-00000001"));
        assertEquals("first", Files.readString(output.resolve("checkpoint-00000001/state")));
        assertFalse(Files.exists(output.resolve(".checkpoint-00000001.tmp")));
    }

    @Test
    void aHalfWrittenOneIsNoCheckpoint() throws IOException {
        Files.createDirectory(output.resolve(".checkpoint-00000007.tmp"));
        Files.createDirectory(output.resolve("checkpoint-x"));
        assertEquals(List.of(), new CheckpointFolder(output).newestFirst());
        save(7, "whole");
        assertFalse(Files.exists(output.resolve(".checkpoint-00000007.tmp")));
    }

    /** A resumed run comes to the step of its best state again, and is killed while it saves that. */
    @Test
    void theBestStateOfTheSameStepStaysUntilTheNextIsInItsPlace() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(output);
        folder.saveBest(3, into -> write(into.resolve("state"), "before"));
        // As it stands between the two renames.
        Files.move(folder.best(3), output.resolve(".best-00000003.old"));
        Files.createDirectory(output.resolve(".best-00000003.tmp"));
        OutputFolder.claim(output).close();
        CheckpointFolder.verify(folder.best(3));
        assertEquals("before", Files.readString(folder.best(3).resolve("state")));
        folder.saveBest(3, into -> write(into.resolve("state"), "again"));
        CheckpointFolder.verify(folder.best(3));
        assertEquals("again", Files.readString(folder.best(3).resolve("state")));
    }

    /** At every moment, whenever a kill may come, a whole best state is there. */
    @Test
    void theBestStateBeforeStaysUntilTheNextIsWhole() throws IOException {
        CheckpointFolder folder = new CheckpointFolder(output);
        folder.saveBest(3, into -> write(into.resolve("state"), "third"));
        folder.saveBest(7, into -> {
            write(into.resolve("state"), "half");
            CheckpointFolder.verify(folder.best(3));
        });
        CheckpointFolder.verify(folder.best(7));
        assertFalse(Files.exists(folder.best(3)));
        assertThrows(
                ResourceException.class,
                () -> folder.saveBest(9, into -> {
                    throw new ResourceException("the disk is full");
                }));
        CheckpointFolder.verify(folder.best(7));
        assertEquals(List.of(), folder.newestFirst());
    }
}
