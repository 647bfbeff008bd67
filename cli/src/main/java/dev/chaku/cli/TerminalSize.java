package dev.chaku.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import sun.misc.Signal;

/** The columns of the terminal that the process stands on, asked anew after each change of its window. Thread-safe. */
final class TerminalSize {
    /** Of a terminal that does not say. */
    static final int USUAL_COLUMNS = 80;

    private static final File TERMINAL = new File("/dev/tty");
    private static final long PATIENCE_MS = 1_000;

    private final boolean fixed;
    private volatile boolean changed;
    private int columns;

    private TerminalSize(int columns, boolean fixed) {
        this.columns = columns;
        this.fixed = fixed;
        this.changed = !fixed;
    }

    /** A terminal of that many columns. */
    static TerminalSize of(int columns) {
        return new TerminalSize(columns, true);
    }

    /** The process's own terminal. */
    static TerminalSize ofProcess() {
        TerminalSize size = new TerminalSize(USUAL_COLUMNS, false);
        try {
            Signal.handle(new Signal("WINCH"), signal -> size.changed = true);
        } catch (IllegalArgumentException e) {
            // A JVM or system without that signal: the first size stays.
        }
        return size;
    }

    synchronized int columns() {
        if (!fixed && changed) {
            changed = false;
            columns = ask();
        }
        return columns;
    }

    private int ask() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(TERMINAL)
                    .redirectErrorStream(true)
                    .start();
            if (!stty.waitFor(PATIENCE_MS, TimeUnit.MILLISECONDS)) {
                stty.destroyForcibly();
                return columns;
            }
            return parse(new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
        } catch (IOException e) {
            return columns;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return columns;
        }
    }

    /** The second number of {@code stty size}; the usual size where there is none, or 0. */
    static int parse(String rowsAndColumns) {
        String[] numbers = rowsAndColumns.strip().split(" ");
        if (numbers.length != 2 || !numbers[1].matches("[1-9]\\d{0,5}")) {
            return USUAL_COLUMNS;
        }
        return Integer.parseInt(numbers[1]);
    }
}
