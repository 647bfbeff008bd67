package dev.chaku.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Where a verb writes: results to standard output, progress and errors to standard error. */
final class Console {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final PrintStream out;
    private final PrintStream err;
    private final boolean terminal;
    private final boolean colours;
    private final boolean errorColours;
    private final TerminalSize size;

    /**
     * @param terminal whether standard error is a terminal
     * @param colours whether standard output shows colours
     * @param errorColours whether standard error does
     */
    Console(PrintStream out, PrintStream err, boolean terminal, boolean colours, boolean errorColours) {
        this(out, err, terminal, colours, errorColours, TerminalSize.of(TerminalSize.USUAL_COLUMNS));
    }

    Console(
            PrintStream out,
            PrintStream err,
            boolean terminal,
            boolean colours,
            boolean errorColours,
            TerminalSize size) {
        this.out = out;
        this.err = err;
        this.terminal = terminal;
        this.colours = colours;
        this.errorColours = errorColours;
        this.size = size;
    }

    /** The process's own streams, in UTF-8 whatever the locale; colours on terminals unless NO_COLOR or a dumb one. */
    static Console ofProcess() {
        PrintStream out = new PrintStream(
                new ResultStream(new FileOutputStream(FileDescriptor.out)), true, StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        boolean terminal = "1".equals(System.getenv("CHAKU_STDERR_IS_TERMINAL"));
        boolean outTerminal = "1".equals(System.getenv("CHAKU_STDOUT_IS_TERMINAL"));
        boolean wanted = System.getenv("NO_COLOR") == null && !"dumb".equals(System.getenv("TERM"));
        return new Console(out, err, terminal, outTerminal && wanted, terminal && wanted, TerminalSize.ofProcess());
    }

    PrintStream out() {
        return out;
    }

    PrintStream err() {
        return err;
    }

    /** Whether standard error is a terminal: progress may redraw its line. */
    boolean terminal() {
        return terminal;
    }

    /** The columns that a line of progress may take: the last one of a terminal stays free, as some wrap there. */
    int progressColumns() {
        return terminal ? Math.max(1, size.columns() - 1) : Integer.MAX_VALUE;
    }

    /** The rows of the terminal that progress stands on; none where there is none. */
    int progressRows() {
        return terminal ? size.rows() : 0;
    }

    /** Whether standard error is a terminal that may be drawn on: no dumb one, and none that asks for plain text. */
    boolean redraws() {
        return terminal && errorColours;
    }

    /** Whether standard output shows colours. */
    boolean colours() {
        return colours;
    }

    void print(String line) {
        out.println(line);
    }

    void json(Map<String, ?> fields) {
        try {
            out.println(JSON.writeValueAsString(fields));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("result is no JSON: " + fields.keySet(), e);
        }
    }

    void note(String line) {
        err.println(line);
    }

    void error(String line) {
        err.println(errorColour(Colour.RED, "chaku: ") + line);
    }

    /** The text in a colour, if standard output shows colours. */
    String colour(Colour colour, String text) {
        return colours ? colour.start + text + Colour.END : text;
    }

    /** The text in a colour, if standard error shows colours. */
    String errorColour(Colour colour, String text) {
        return errorColours ? colour.start + text + Colour.END : text;
    }

    void flush() {
        out.flush();
        err.flush();
    }

    /** The few colours in use. */
    enum Colour {
        RED("\u001b[31m"),
        GREEN("\u001b[32m"),
        YELLOW("\u001b[33m"),
        BLUE("\u001b[34m"),
        BOLD("\u001b[1m"),
        DIM("\u001b[2m"),
        UNDERLINE("\u001b[4m");

        private static final String END = "\u001b[0m";
        private final String start;

        Colour(String start) {
            this.start = start;
        }
    }
}
