package dev.chaku.cli;

import java.time.Duration;
import java.util.Locale;

/**
 * Progress of work that may be over soon: nothing is shown in the first two seconds, then a line with a bar and the
 * time that is left. Not thread-safe.
 */
final class WorkProgress implements AutoCloseable {
    private static final long PATIENCE_NS = 2_000_000_000L;

    private final ProgressLine line;
    private final String what;
    private final long startNs = System.nanoTime();

    /** @param what is done, for instance {@code checking} */
    WorkProgress(Console console, String what) {
        this.line = new ProgressLine(console);
        this.what = what;
    }

    void at(int done, int total) {
        long elapsedNs = System.nanoTime() - startNs;
        if (elapsedNs >= PATIENCE_NS && done > 0) {
            double share = (double) done / total;
            Duration left = Duration.ofNanos((long) (elapsedNs * (1 - share) / share));
            line.update(
                    what + " " + ProgressLine.bar(share, line.barCells()),
                    String.format(Locale.ROOT, "%,d of %,d", done, total),
                    ProgressLine.left(left));
        }
    }

    @Override
    public void close() {
        line.close();
    }
}
