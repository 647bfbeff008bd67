package dev.chaku.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.chaku.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Several processes change one registry at once, and some of them are killed. {@code -Dchaku.registry.processes=1000}
 * and {@code -Dchaku.registry.kills=200} make it many.
 */
class RegistryConcurrencyTest {
    private static final int AT_ONCE = 8;
    private static final int PROCESSES = Integer.getInteger("chaku.registry.processes", 8);
    private static final int EACH = PROCESSES < 100 ? 2 : 1;
    private static final int KILLS = Integer.getInteger("chaku.registry.kills", 6);

    @TempDir
    Path folder;

    private Path registryFolder() {
        return folder.resolve("registry");
    }

    private Path adapter() {
        return SomeAdapter.run(folder.resolve("run"), 1, 1);
    }

    /** Checks all of a registry that was written by these processes, which told what they did. */
    private void assertWhole(List<String> done) {
        AdapterRegistry registry = AdapterRegistry.open(registryFolder());
        List<Integer> registered = done.stream()
                .filter(line -> line.startsWith("register "))
                .map(line -> Integer.valueOf(line.substring("register ".length())))
                .sorted()
                .toList();
        assertEquals(IntStream.rangeClosed(1, registered.size()).boxed().toList(), registered, "each its own number");
        assertEquals(registered, registry.numbers("hammered"));
        List<StateChange> history = registry.history("hammered");
        for (String action : List.of("promote", "rollback")) {
            assertEquals(
                    done.stream().filter(action::equals).count(),
                    history.stream()
                            .filter(change -> change.action().equals(action))
                            .count(),
                    action);
        }
        assertChain(history, registry);
        for (int number : registered) {
            assertTrue(registry.damage("hammered", number).isEmpty());
        }
    }

    /** Every change replaced what the one before it had put in production. */
    private static void assertChain(List<StateChange> history, AdapterRegistry registry) {
        int production = 0;
        for (StateChange change : history) {
            assertEquals(production, change.replaced());
            production = change.number();
        }
        assertEquals(production, registry.version("hammered@production").number());
        assertEquals(
                1,
                registry.versions("hammered").stream()
                        .filter(version -> version.state() == VersionState.PRODUCTION)
                        .count());
    }

    /** Runs as many at once, and says what all of them said. */
    private static List<String> all(int count, Callable<String> work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
        try {
            List<Future<String>> futures = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                futures.add(pool.submit(work));
            }
            List<String> lines = new ArrayList<>();
            for (Future<String> future : futures) {
                future.get().lines().forEach(lines::add);
            }
            return lines;
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void processesThatChangeItAtOnceLoseNothing() throws Exception {
        Path adapter = adapter();
        AtomicBoolean reading = new AtomicBoolean(true);
        ExecutorService reader = Executors.newSingleThreadExecutor();
        Future<Integer> looks = reader.submit(() -> look(reading));
        try {
            List<String> done = all(PROCESSES, () -> {
                ChildJvm.Ended ended = ChildJvm.run(
                        RegistryHammer.class,
                        List.of("-XX:TieredStopAtLevel=1", "-Xmx64m"),
                        registryFolder().toString(),
                        adapter.toString(),
                        Integer.toString(EACH),
                        Long.toString(System.nanoTime()));
                assertEquals(0, ended.exitCode(), ended.output());
                return ended.output();
            });
            reading.set(false);
            assertTrue(looks.get() > 0, "somebody read meanwhile");
            assertEquals(
                    EACH * PROCESSES,
                    done.stream().filter(line -> line.startsWith("register")).count());
            assertWhole(done);
            assertNothingIsLeft();
        } finally {
            reading.set(false);
            reader.shutdownNow();
        }
    }

    /** Reads without a lock all the time: what is seen is always whole. */
    private Integer look(AtomicBoolean reading) {
        AdapterRegistry registry = AdapterRegistry.open(registryFolder());
        int looks = 0;
        while (reading.get()) {
            if (!registry.numbers("hammered").isEmpty()) {
                assertTrue(registry.resolve("hammered").number() > 0);
                if (looks++ % 20 == 0) {
                    assertTrue(registry.versions("hammered").stream()
                                    .filter(version -> version.state() == VersionState.PRODUCTION)
                                    .count()
                            <= 1);
                }
            }
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return looks;
            }
        }
        return looks;
    }

    private void assertNothingIsLeft() throws IOException {
        try (Stream<Path> files = Files.list(registryFolder().resolve("hammered"))) {
            assertEquals(
                    List.of(),
                    files.map(file -> file.getFileName().toString())
                            .filter(name -> name.startsWith("."))
                            .toList());
        }
    }

    @Test
    void threadsThatChangeItAtOnceLoseNothing() throws Exception {
        Path adapter = adapter();
        AdapterRegistry registry = AdapterRegistry.open(registryFolder());
        VersionDescription description = VersionDescription.of(adapter);
        List<String> done = all(3 * AT_ONCE, () -> {
            AdapterVersion version = registry.register("hammered", adapter, description);
            registry.promote(version.reference(), List.of());
            registry.tag(version.reference(), List.of("t" + version.number()), List.of());
            return "register " + version.number() + "\npromote\n";
        });
        assertWhole(done);
        for (AdapterVersion version : registry.versions("hammered")) {
            assertEquals(List.of("t" + version.number()), version.standing().tags());
        }
    }

    /**
     * A process is killed in the midst of its work, over and over: what it said that it did is there, what is there is
     * whole, and the next one goes on without anybody's help.
     */
    @Test
    void whatAKilledProcessLeavesIsWhole() throws Exception {
        Path adapter = adapter();
        AdapterRegistry registry = AdapterRegistry.open(registryFolder());
        registry.promote(
                registry.register("hammered", adapter, VersionDescription.of(adapter))
                        .reference(),
                List.of());
        for (int i = 0; i < KILLS; i++) {
            int before = registry.numbers("hammered").size();
            List<String> said = killed(adapter, i);
            List<Integer> numbers = registry.numbers("hammered");
            for (int number : numbers) {
                if (number > before) {
                    assertTrue(registry.damage("hammered", number).isEmpty(), "version " + number + " after kill " + i);
                }
            }
            assertEquals(IntStream.rangeClosed(1, numbers.size()).boxed().toList(), numbers);
            for (String line : said) {
                if (line.startsWith("register ")) {
                    assertTrue(numbers.contains(Integer.valueOf(line.substring("register ".length()))), line);
                }
            }
            assertChain(registry.history("hammered"), registry);
        }
        AdapterVersion after = registry.register("hammered", adapter, VersionDescription.of(adapter));
        assertEquals(
                VersionState.PRODUCTION,
                registry.promote(after.reference(), List.of()).state());
        try (Stream<Path> files = Files.list(registryFolder().resolve("hammered"))) {
            assertEquals(
                    List.of(),
                    files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".tmp") || name.equals(".lock"))
                            .toList(),
                    "the next one swept");
        }
    }

    /** Kills a process somewhere in its work, and gives the whole lines that it had said by then. */
    private List<String> killed(Path adapter, int seed) throws IOException, InterruptedException {
        Path said = folder.resolve("said");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        RegistryHammer.class.getName(),
                        registryFolder().toString(),
                        adapter.toString(),
                        "1000",
                        Integer.toString(seed))
                .redirectOutput(said.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (Files.size(said) == 0) {
            assertTrue(System.nanoTime() < end && process.isAlive(), "the process does no work");
            Thread.sleep(1);
        }
        Thread.sleep((seed * 37L) % 61);
        process.destroyForcibly().waitFor();
        String text = Files.readString(said);
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }
}
