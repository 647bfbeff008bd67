package dev.chaku.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.chaku.errors.BadInputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewFileTest {
    @TempDir
    Path folder;

    private Path mine;

    @BeforeEach
    void someFile() throws IOException {
        mine = Files.writeString(folder.resolve("mine.txt"), "mine");
    }

    private static void assertRefused(String why, NewFile file) {
        BadInputException e = assertThrows(BadInputException.class, file::check);
        assertTrue(e.getMessage().contains(why), e.getMessage());
        assertThrows(BadInputException.class, () -> file.write("other"));
    }

    @Test
    void whatIsThereStaysUnlessAskedFor() throws IOException {
        assertRefused("found one that exists already; set overwrite to replace it", NewFile.at(mine));
        assertRefused("; --overwrite replaces it", NewFile.at(mine).remedy("--overwrite replaces it"));
        assertEquals("mine", Files.readString(mine));
        NewFile.at(mine).overwrite(true).write("other");
        assertEquals("other", Files.readString(mine));
        assertOnly("mine.txt");
    }

    @Test
    void anInputIsNeverReplacedUnderWhateverName() throws IOException {
        Path soft = Files.createSymbolicLink(folder.resolve("soft.txt"), mine);
        Path hard = Files.createLink(folder.resolve("hard.txt"), mine);
        Path sub = Files.createDirectory(folder.resolve("sub"));
        Path round = sub.resolve("../mine.txt");
        for (Path name : List.of(mine, soft, hard, round)) {
            assertRefused(
                    "expected another file than the input",
                    NewFile.at(name).overwrite(true).inputs(List.of(mine)));
            assertRefused(
                    "expected another file than the input",
                    NewFile.at(mine).overwrite(true).inputs(List.of(name)));
            assertRefused(
                    "expected another file than the input", NewFile.at(name).inputs(List.of(mine)));
        }
        assertRefused(
                "expected another file than the input",
                NewFile.at(mine).overwrite(true).inputs(List.of(folder)));
        NewFile.at(folder.resolve("new.txt"))
                .inputs(List.of(mine, folder.resolve("absent")))
                .check();
        assertEquals("mine", Files.readString(mine));
    }

    @Test
    void everyPartOfASplitModelIsAnInput() throws IOException {
        Path first = Files.writeString(folder.resolve("m-00001-of-00002.gguf"), "1");
        Path second = Files.writeString(folder.resolve("m-00002-of-00002.gguf"), "2");
        Path other = Files.writeString(folder.resolve("n-00002-of-00002.gguf"), "3");
        assertRefused(
                "expected another file than the input",
                NewFile.at(second).overwrite(true).inputs(List.of(first)));
        NewFile.at(other).overwrite(true).inputs(List.of(first)).check();
    }

    @Test
    void foldersDevicesAndPlacesWithoutAFolderAreRefused() throws IOException {
        assertRefused("found a folder", NewFile.at(folder).overwrite(true));
        assertRefused("found a folder", NewFile.at(Path.of("/")).overwrite(true));
        assertRefused("expected a folder to write the file to, found none", NewFile.at(folder.resolve("no/a.txt")));
        assertRefused("found that " + mine + " is none", NewFile.at(mine.resolve("a.txt")));
        if (Files.exists(Path.of("/dev/null"))) {
            assertRefused(
                    "found a device or pipe", NewFile.at(Path.of("/dev/null")).overwrite(true));
        }
        Path a = Files.createSymbolicLink(folder.resolve("a"), folder.resolve("b"));
        Files.createSymbolicLink(folder.resolve("b"), a);
        assertRefused("its symbolic links lead in a circle", NewFile.at(a));
    }

    @Test
    void aFolderThatCannotBeWrittenToIsSeenBefore() throws IOException {
        Path closed = Files.createDirectory(folder.resolve("closed"));
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
        assumeFalse(Files.isWritable(closed), "the superuser may write everywhere");
        assertRefused("permission denied: folder " + closed, NewFile.at(closed.resolve("a.txt")));
        assertThrows(BadInputException.class, () -> NewFile.requireFolderCanBeMade(closed.resolve("b/c")));
    }

    @Test
    void theFileBehindALinkIsMeant() throws IOException {
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Path link = Files.createSymbolicLink(folder.resolve("link.txt"), elsewhere.resolve("real.txt"));
        NewFile.at(link).write("text");
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("text", Files.readString(elsewhere.resolve("real.txt")));
        assertRefused("exists already", NewFile.at(link));
        NewFile.at(link).overwrite(true).write("again");
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("again", Files.readString(elsewhere.resolve("real.txt")));
    }

    @Test
    void aLongNameIsWrittenToo() throws IOException {
        Path longest = folder.resolve("n".repeat(250) + ".txt");
        NewFile.at(longest).write("x");
        assertEquals("x", Files.readString(longest));
        assertOnly("mine.txt", longest.getFileName().toString());
    }

    @Test
    void whatIsNotPlacedLeavesNothing() throws IOException {
        Path target = folder.resolve("new.txt");
        try (FileDraft draft = NewFile.at(target).begin()) {
            draft.line("half");
        }
        assertOnly("mine.txt");
        try (FileDraft draft = NewFile.at(target).begin()) {
            draft.line("whole");
            Files.writeString(target, "someone else's");
            BadInputException e = assertThrows(BadInputException.class, draft::place);
            assertTrue(e.getMessage().contains("came to be meanwhile"), e.getMessage());
        }
        assertEquals("someone else's", Files.readString(target));
        assertOnly("mine.txt", "new.txt");
    }

    @Test
    void textIsGzippedWhereTheNameSaysSo() throws IOException {
        Path gz = folder.resolve("a.gz");
        NewFile.at(gz).write("größer\n");
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(gz)))) {
            assertEquals("größer\n", new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
        Path empty = folder.resolve("empty.gz");
        NewFile.at(empty).write("");
        assertTrue(Files.size(empty) > 0);
    }

    @Test
    void ofManyWritersAtOnceOneWinsAndNothingIsMixed() throws Exception {
        for (boolean overwrite : new boolean[] {false, true}) {
            Path target = folder.resolve("shared-" + overwrite);
            CyclicBarrier together = new CyclicBarrier(8);
            List<Boolean> won = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                String text = String.valueOf(i).repeat(100_000);
                Thread thread = new Thread(() -> {
                    boolean placed = writeWith(together, NewFile.at(target).overwrite(overwrite), text);
                    synchronized (won) {
                        won.add(placed);
                    }
                });
                threads.add(thread);
                thread.start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            String text = Files.readString(target);
            assertEquals(text.substring(0, 1).repeat(100_000), text);
            assertEquals(
                    overwrite ? 8 : 1,
                    won.stream().filter(Boolean::booleanValue).count());
        }
        assertOnly("mine.txt", "shared-false", "shared-true");
    }

    private static boolean writeWith(CyclicBarrier together, NewFile file, String text) {
        try (FileDraft draft = file.begin()) {
            draft.text(text);
            draft.finish();
            together.await();
            draft.place();
            return true;
        } catch (BadInputException e) {
            return false;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatAKilledWriterLeftIsDeletedAndWhatIsBeingWrittenIsNot() throws IOException {
        Path target = folder.resolve("new.txt");
        FileTime old = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
        Path left = Files.writeString(folder.resolve(".new.txt.01234567-89ab-cdef-0123-456789abcdef.tmp"), "half");
        Path others = Files.writeString(folder.resolve(".new.txt.notes.tmp"), "the user's");
        Files.setLastModifiedTime(left, old);
        Files.setLastModifiedTime(others, old);
        try (FileDraft slow = NewFile.at(target).begin()) {
            slow.text("x");
            try (Stream<Path> files = Files.list(folder)) {
                for (Path draft :
                        files.filter(f -> f.toString().endsWith(".tmp")).toList()) {
                    Files.setLastModifiedTime(draft, old);
                }
            }
            NewFile.at(target).write("second");
            assertThrows(BadInputException.class, slow::place);
        }
        assertOnly(".new.txt.notes.tmp", "mine.txt", "new.txt");
    }

    private void assertOnly(String... names) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(
                    List.of(names),
                    files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }
}
