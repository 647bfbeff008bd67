package dev.chaku.internal.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeldFileTest {
    @TempDir
    Path folder;

    @Test
    void oneOwnerAtATime() throws IOException {
        Path file = folder.resolve("lock");
        HeldFile held = HeldFile.tryHold(file).orElseThrow().sign();
        assertTrue(Files.readString(file)
                .startsWith("process " + ProcessHandle.current().pid()));
        assertEquals(Optional.empty(), HeldFile.tryHold(folder.resolve("./lock")));
        assertEquals("this process", HeldFile.owner(file));
        held.close();
        held.close();
        assertFalse(Files.exists(file));
        assertEquals(Optional.empty(), HeldFile.tryTake(file));
        HeldFile.tryHold(file).orElseThrow().close();
    }

    /** The owner before was killed: its file is there and nobody holds it. */
    @Test
    void aKilledOwnersFileIsTaken() throws Exception {
        Path file = folder.resolve("lock");
        Process owner = holder(file);
        assertEquals(Optional.empty(), HeldFile.tryHold(file));
        assertTrue(HeldFile.owner(file).startsWith("process " + owner.pid()), HeldFile.owner(file));
        owner.destroyForcibly().waitFor();
        assertTrue(Files.exists(file));
        HeldFile.tryTake(file).orElseThrow().close();
        assertFalse(Files.exists(file));
    }

    private static Process holder(Path file) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertEquals('h', process.getInputStream().read());
        return process;
    }

    /** Holds a file until it is killed. */
    public static final class Holder {
        public static void main(String[] args) throws Exception {
            HeldFile held = HeldFile.tryHold(Path.of(args[0])).orElseThrow().sign();
            System.out.print("h");
            System.out.flush();
            Thread.sleep(TimeUnit.MINUTES.toMillis(5));
            held.close();
        }
    }

    /** Threads of several processes that take and give up one file all the time: never two of them at once. */
    @Test
    void hammeredByThreadsAndProcesses() throws Exception {
        Path file = folder.resolve("lock");
        List<Thread> children = new ArrayList<>();
        List<ChildJvm.Ended> ended = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Thread child = new Thread(() -> {
                try {
                    ChildJvm.Ended end = ChildJvm.run(Hammer.class, List.of(), file.toString());
                    synchronized (ended) {
                        ended.add(end);
                    }
                } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            child.start();
            children.add(child);
        }
        for (Thread child : children) {
            child.join();
        }
        assertEquals(3, ended.size());
        for (ChildJvm.Ended end : ended) {
            assertTrue(end.output().contains("held 200 times") && !end.output().contains("Exception"), end.output());
        }
        assertFalse(Files.exists(file));
    }

    /** Two threads that each hold the file a hundred times. */
    public static final class Hammer {
        public static void main(String[] args) throws Exception {
            Path file = Path.of(args[0]);
            Path inside = file.resolveSibling("inside");
            int[] held = new int[2];
            Thread[] threads = new Thread[2];
            for (int t = 0; t < 2; t++) {
                int me = t;
                threads[t] = new Thread(() -> {
                    try {
                        while (held[me] < 100) {
                            Optional<HeldFile> mine = HeldFile.tryHold(file);
                            if (mine.isPresent()) {
                                Files.createFile(inside); // Fails if another is inside.
                                Files.delete(inside);
                                mine.get().close();
                                held[me]++;
                            } else {
                                Thread.yield();
                            }
                        }
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
                threads[t].start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            System.out.println("held " + (held[0] + held[1]) + " times");
        }
    }
}
