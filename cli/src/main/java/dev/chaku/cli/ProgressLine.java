package dev.chaku.cli;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * One line of progress on standard error: redrawn in place on a terminal, within its width, else printed anew every few
 * seconds. Not thread-safe: one thread reports.
 */
final class ProgressLine implements AutoCloseable {
    private static final long REDRAW_NS = 100_000_000L;
    private static final long REPRINT_NS = 5_000_000_000L;

    private final Console console;
    private long lastNs;
    private int width;
    private List<String> pending = List.of();

    ProgressLine(Console console) {
        this.console = console;
        this.lastNs = System.nanoTime() - REPRINT_NS;
    }

    /**
     * Shows the line unless the last one is too fresh; what a narrow terminal has no place for is left out from the
     * end.
     */
    void update(String... parts) {
        pending = List.of(parts);
        long now = System.nanoTime();
        if (now - lastNs >= (console.terminal() ? REDRAW_NS : REPRINT_NS)) {
            lastNs = now;
            draw();
        }
    }

    /** Shows the last line, if it was held back, and ends it. */
    @Override
    public void close() {
        if (!pending.isEmpty()) {
            draw();
        }
        if (console.terminal() && width > 0) {
            console.err().println();
        }
        width = 0;
    }

    /** Writes a lasting line above the progress. */
    void note(String line) {
        if (!console.terminal() && !pending.isEmpty()) {
            draw();
        }
        if (console.terminal() && width > 0) {
            console.err().print("\r" + " ".repeat(width) + "\r");
            width = 0;
        }
        console.note(line);
    }

    private void draw() {
        int most = console.progressColumns();
        String line = ColumnText.fit(pending, most);
        if (console.terminal()) {
            int columns = ColumnText.columns(line);
            console.err().print("\r" + line + " ".repeat(Math.max(0, Math.min(width, most) - columns)));
            console.err().flush();
            width = columns;
        } else {
            console.note(line);
        }
        pending = List.of();
    }

    /** The cells of a bar that leaves room for the rest of the line. */
    int barCells() {
        int columns = console.progressColumns();
        return columns < 50 ? 8 : columns < 100 ? 16 : 24;
    }

    /** "[#####.....]". */
    static String bar(double share, int cells) {
        int full = (int) Math.round(Math.min(1, Math.max(0, share)) * cells);
        return "[" + "#".repeat(full) + ".".repeat(cells - full) + "]";
    }

    /** "45 s", "3 min 20 s", "2 h 5 min". */
    static String duration(Duration time) {
        long seconds = Math.max(0, Math.round(time.toMillis() / 1000.0));
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return seconds / 60 + " min " + seconds % 60 + " s";
        }
        return seconds / 3600 + " h " + seconds % 3600 / 60 + " min";
    }

    /** "45 s left". */
    static String left(Duration time) {
        return duration(time) + " left";
    }

    /** "1.5 GiB". */
    static String bytes(long n) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
        double value = n;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    }
}
