package dev.chaku.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One command of the launcher as a user gives it: the time of the whole process, Java's start among it, and its peak
 * memory.
 *
 * @param seconds from start to end
 * @param processorSeconds of all its threads, which other work on the machine changes little
 * @param peakBytes the most that was resident, 0 where the system does not say
 */
record TimedCommand(double seconds, double processorSeconds, long peakBytes) {
    private static final long POLL_MS = 5;
    private static final String PEAK = "VmHWM:";

    /**
     * Runs a command to its end.
     *
     * @param log takes what it prints
     * @throws IOException if it fails; the message has what it printed last
     */
    static TimedCommand run(Path launcher, Path log, List<String> arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(launcher.toString()));
        line.addAll(arguments);
        Files.createDirectories(log.toAbsolutePath().getParent());
        long start = System.nanoTime();
        Process process = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        long peak = 0;
        Duration processor = Duration.ZERO;
        try {
            // Neither falls, so that the last look before the end tells them.
            while (!process.waitFor(POLL_MS, TimeUnit.MILLISECONDS)) {
                peak = Math.max(peak, peakBytes(process.pid()));
                processor = process.info().totalCpuDuration().orElse(processor);
            }
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        if (process.exitValue() != 0) {
            List<String> said = Files.readAllLines(log);
            throw new IOException(String.join(" ", arguments) + " ends with " + process.exitValue() + ": "
                    + (said.isEmpty() ? "" : said.get(said.size() - 1)));
        }
        return new TimedCommand(seconds, processor.toNanos() / 1e9, peak);
    }

    /** The largest resident size so far. */
    private static long peakBytes(long process) {
        try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(process), "status"))) {
            return lines.filter(line -> line.startsWith(PEAK))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException | RuntimeException e) {
            return 0; // It has just ended, or this is no Linux.
        }
    }
}
