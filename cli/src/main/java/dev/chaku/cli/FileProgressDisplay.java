package dev.chaku.cli;

import dev.chaku.FileProgress;
import java.util.Locale;

/** Shows how far the writing of a file is. One thread reports. */
final class FileProgressDisplay implements AutoCloseable {
    /** The time that is left is a guess before this share of the work. */
    private static final double LEAST_SHARE = 0.02;

    private static final long LEAST_MS = 500;

    private final ProgressLine line;

    FileProgressDisplay(Console console) {
        this.line = new ProgressLine(console);
    }

    void show(FileProgress progress) {
        boolean known = progress.share() >= LEAST_SHARE && progress.elapsed().toMillis() >= LEAST_MS;
        line.update(
                ProgressLine.bar(progress.share(), line.barCells()),
                String.format(Locale.ROOT, "%3.0f %%", 100 * progress.share()),
                known ? ProgressLine.left(progress.remaining()) : "",
                progress.tensor());
    }

    @Override
    public void close() {
        line.close();
    }
}
