package dev.chaku.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import sun.misc.Signal;

/**
 * The columns and rows of the terminal that the process stands on, asked anew after each change of its window.
 * Thread-safe.
 */
final class TerminalSize {
    /** Of a terminal that does not say. */
    static final int USUAL_COLUMNS = 80;

    static final int USUAL_ROWS = 24;

    private static final File TERMINAL = new File("/dev/tty");
    private static final long PATIENCE_MS = 1_000;

    private final boolean fixed;
    private volatile boolean changed;
    private int columns;
    private int rows;

    private TerminalSize(int columns, int rows, boolean fixed) {
        this.columns = columns;
        this.rows = rows;
        this.fixed = fixed;
        this.changed = !fixed;
    }

    /** A terminal of that many columns. */
    static TerminalSize of(int columns) {
        return of(columns, USUAL_ROWS);
    }

    /** A terminal of that many columns and rows. */
    static TerminalSize of(int columns, int rows) {
        return new TerminalSize(columns, rows, true);
    }

    /** The process's own terminal. */
    static TerminalSize ofProcess() {
        TerminalSize size = new TerminalSize(USUAL_COLUMNS, USUAL_ROWS, false);
        try {
            Signal.handle(new Signal("WINCH"), signal -> size.changed = true);
        } catch (IllegalArgumentException e) {
            // A JVM or system without that signal: the first size stays.
        }
        return size;
    }

    synchronized int columns() {
        look();
        return columns;
    }

    synchronized int rows() {
        look();
        return rows;
    }

    private void look() {
        if (!fixed && changed) {
            changed = false;
            String answer = ask();
            columns = parse(answer, 1, USUAL_COLUMNS);
            rows = parse(answer, 0, USUAL_ROWS);
        }
    }

    /** What {@code stty size} says; nothing where there is no such program or terminal. */
    private static String ask() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(TERMINAL)
                    .redirectErrorStream(true)
                    .start();
            if (!stty.waitFor(PATIENCE_MS, TimeUnit.MILLISECONDS)) {
                stty.destroyForcibly();
                return "";
            }
            return new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            return "";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    /** A number of {@code stty size}, which has rows and columns; the usual one where there is none, or 0. */
    static int parse(String rowsAndColumns, int which, int usual) {
        String[] numbers = rowsAndColumns.strip().split(" ");
        if (numbers.length != 2 || !numbers[which].matches("[1-9]\\d{0,5}")) {
            return usual;
        }
        return Integer.parseInt(numbers[which]);
    }
}
