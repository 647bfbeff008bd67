package dev.chaku.internal.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.OperationCancelledException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private static FolderLock.Holding withoutLocks() {
        return file -> {
            throw new IOException("No locks available");
        };
    }

    /** Threads that take the lock in turn, each looking whether another is inside. */
    private void hammer(FolderLock.Holding holding) throws Exception {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            Thread thread = new Thread(() -> {
                for (int i = 0; i < 25; i++) {
                    try {
                        FolderLock lock = FolderLock.acquire(folder, LONG, holding);
                        if (inside.incrementAndGet() == 1) {
                            done.incrementAndGet();
                        }
                        inside.decrementAndGet();
                        lock.close();
                    } catch (IOException e) {
                        return;
                    }
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(100, done.get());
        assertFalse(Files.exists(folder.resolve(".lock")));
        assertFalse(Files.exists(folder.resolve(".lock.owner")));
    }

    @Test
    void oneAtATime() throws Exception {
        hammer(HeldFile::tryHold);
    }

    @Test
    void oneAtATimeWhereTheDiskHasNoLocks() throws Exception {
        hammer(withoutLocks());
    }

    @Test
    void whoWaitsTooLongIsToldOfTheOwner() throws IOException {
        FolderLock lock = FolderLock.acquire(folder, LONG);
        String said = assertThrows(BadInputException.class, () -> FolderLock.acquire(folder, Duration.ZERO))
                .getMessage();
        assertTrue(said.contains("found it locked by this process"), said);
        assertTrue(said.endsWith("if that process is gone, delete " + folder.resolve(".lock")), said);
        assertTrue(Files.readString(folder.resolve(".lock"))
                .startsWith("process " + ProcessHandle.current().pid() + ", started "));
        lock.close();
        lock.close();
        FolderLock.acquire(folder, Duration.ZERO).close();
    }

    @Test
    void whereTheDiskHasNoLocksTheOwnerIsToldToo() throws IOException {
        FolderLock lock = FolderLock.acquire(folder, LONG, withoutLocks());
        String said = assertThrows(
                        BadInputException.class, () -> FolderLock.acquire(folder, Duration.ZERO, withoutLocks()))
                .getMessage();
        assertTrue(said.contains("locked by process " + ProcessHandle.current().pid() + ", started "), said);
        assertTrue(said.endsWith("delete " + folder.resolve(".lock.owner")), said);
        lock.close();
    }

    /** However long it takes: a busy folder is not one that somebody has forgotten. */
    @Test
    void whoWaitsForOthersThatComeAndGoIsPatient() throws IOException {
        Path file = Files.createFile(folder.resolve(".lock"));
        AtomicInteger tries = new AtomicInteger();
        FolderLock.Holding busy = path -> {
            if (tries.incrementAndGet() > 20) {
                return HeldFile.tryHold(path);
            }
            Files.setLastModifiedTime(file, FileTime.fromMillis(1000L * tries.get()));
            return Optional.empty();
        };
        FolderLock.acquire(folder, Duration.ZERO, busy).close();
        assertEquals(21, tries.get());
    }

    /** All processes of a machine that stood still wake up at once, and the owner may not be the first of them. */
    @Test
    void timeInWhichThisProcessStoodStillDoesNotCount() throws Exception {
        Files.createFile(folder.resolve(".lock"));
        AtomicInteger tries = new AtomicInteger();
        FolderLock lock = FolderLock.acquire(folder, Duration.ofMillis(200), file -> {
            if (tries.incrementAndGet() > 3) {
                Files.deleteIfExists(file);
                return HeldFile.tryHold(file);
            }
            standStill(300);
            return Optional.empty();
        });
        assertEquals(4, tries.get());
        lock.close();
    }

    private static void standStill(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anInterruptEndsTheWaiting() throws IOException {
        FolderLock lock = FolderLock.acquire(folder, LONG);
        Thread.currentThread().interrupt();
        assertThrows(OperationCancelledException.class, () -> FolderLock.acquire(folder, LONG));
        assertTrue(Thread.interrupted());
        lock.close();
    }

    /** Who may write to the folder may lock it after another user did. */
    @Test
    void theFileIsAsOpenAsTheFolder() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        FolderLock lock = FolderLock.acquire(folder, LONG);
        String file = PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(".lock")));
        assertTrue(file.startsWith("rw-") && file.charAt(4) == 'w' && file.charAt(7) == 'w', file);
        lock.close();
    }

    /** Another user's file cannot be opened: its owner's name says whether it is in the way. */
    @Test
    void anotherUsersStaleFileIsTakenAway() throws IOException {
        Path file = folder.resolve(".lock");
        FolderLock.Holding denied = path -> {
            if (Files.exists(path)) {
                throw new AccessDeniedException(path.toString());
            }
            return HeldFile.tryHold(path);
        };
        LockOwner self = LockOwner.self();
        Files.writeString(file, self + "\n");
        assertThrows(BadInputException.class, () -> FolderLock.acquire(folder, Duration.ZERO, denied));
        assertTrue(Files.exists(file));
        Files.writeString(file, new LockOwner(self.pid(), Instant.EPOCH.plusSeconds(9), self.where(), "x") + "\n");
        FolderLock.acquire(folder, Duration.ofSeconds(5), denied).close();
    }

    @Test
    void aStaleOwnerIsOneWhoseProcessIsGoneOnThisMachine() throws Exception {
        LockOwner self = LockOwner.self();
        assertEquals(Optional.of(self), LockOwner.parse(self.toString()));
        assertEquals(Optional.of(self), LockOwner.parse(self + "\n"));
        assertEquals(Optional.empty(), LockOwner.parse("process 12"));
        assertEquals(Optional.empty(), LockOwner.parse("process x, started y, on z, user u"));
        assertFalse(self.isGone());
        // Its number was given out again.
        assertTrue(new LockOwner(self.pid(), self.started().minusSeconds(60), self.where(), "").isGone());
        assertFalse(new LockOwner(self.pid(), Instant.EPOCH, self.where(), "").isGone());
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        assertTrue(new LockOwner(ended.pid(), Instant.now(), self.where(), "").isGone());
        assertFalse(new LockOwner(ended.pid(), Instant.now(), "elsewhere", "").isGone());
    }

    @Test
    void aStaleFileIsTakenAwayByOneAlone() throws Exception {
        Path file = folder.resolve("owner");
        LockOwner gone = new LockOwner(
                ProcessHandle.current().pid(),
                Instant.EPOCH.plusSeconds(9),
                LockOwner.self().where(),
                "x");
        for (int i = 0; i < 20; i++) {
            Files.writeString(file, gone + "\n" + i + "\n");
            AtomicInteger held = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                Thread thread = new Thread(() -> {
                    try {
                        OwnedFile.tryHold(file, LockOwner.self()).ifPresent(mine -> held.incrementAndGet());
                    } catch (IOException e) {
                        held.addAndGet(100);
                    }
                });
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(1, held.get());
        }
    }
}
