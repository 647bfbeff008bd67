package dev.chaku.internal.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The process that holds a lock, as it writes itself down for others to read.
 *
 * @param started when the process began, as a process id is given out again; EPOCH where the system does not tell
 * @param where the machine and, where the system tells, the space of process ids in which {@code pid} counts
 */
record LockOwner(long pid, Instant started, String where, String user) {
    private static final Pattern TEXT =
            Pattern.compile("process (\\d+), started ([^,]+), on ([^,]+), user ([^,\\r\\n]*)\\s*");
    /** Systems compute the start from the time of day when they were booted, which a corrected clock moves. */
    private static final Duration CLOCK = Duration.ofSeconds(3);

    private static final Path HOST = Path.of("/proc/sys/kernel/hostname");
    private static final Path SPACE = Path.of("/proc/self/ns/pid");

    /** This process. */
    static LockOwner self() {
        ProcessHandle process = ProcessHandle.current();
        Instant started = process.info().startInstant().orElse(Instant.EPOCH);
        return new LockOwner(process.pid(), started, here(), plain(System.getProperty("user.name", "")));
    }

    private static String here() {
        String host = String.valueOf(System.getenv().getOrDefault("HOSTNAME", System.getenv("COMPUTERNAME")));
        try {
            host = Files.readString(HOST).strip();
        } catch (IOException e) {
            // Not Linux.
        }
        try {
            return plain(host + " " + Files.readSymbolicLink(SPACE));
        } catch (IOException | UnsupportedOperationException e) {
            return plain(host);
        }
    }

    private static String plain(String word) {
        return word.replaceAll("[,\\p{Cntrl}]", " ").strip();
    }

    /** Reads what {@link #toString} wrote; empty for anything else, such as a line that is being written. */
    static Optional<LockOwner> parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new LockOwner(
                    Long.parseLong(matcher.group(1)),
                    Instant.parse(matcher.group(2)),
                    matcher.group(3),
                    matcher.group(4)));
        } catch (NumberFormatException | DateTimeParseException e) {
            return Optional.empty();
        }
    }

    /** Whether the process is known to have ended; of another machine's processes nothing is known. */
    boolean isGone() {
        if (!where.equals(here())) {
            return false;
        }
        Optional<ProcessHandle> process = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
        if (process.isEmpty()) {
            return true;
        }
        Optional<Instant> since = process.get().info().startInstant();
        return since.isPresent()
                && !started.equals(Instant.EPOCH)
                && Duration.between(started, since.get()).abs().compareTo(CLOCK) > 0;
    }

    @Override
    public String toString() {
        return "process " + pid + ", started " + started + ", on " + where + ", user " + user;
    }
}
