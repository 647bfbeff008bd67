package dev.chaku.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Ctrl-C, SIGTERM and the end of the terminal while something runs that can end in good order: the first asks it to,
 * and says so; the second ends the program at once.
 */
final class StopSignals implements AutoCloseable {
    private static final int FROM_SIGNAL = 128;

    private final Consumer<String> said;
    private final Runnable stop;
    private final Map<Signal, SignalHandler> before = new LinkedHashMap<>();
    private volatile int exitCode;

    /**
     * Listens until {@link #close}.
     *
     * @param stop asks the work to end; returns at once
     * @param what the work does before it ends, in words
     */
    StopSignals(Runnable stop, String what, Consumer<String> said) {
        this.stop = stop;
        this.said = said;
        for (String name : List.of("INT", "TERM", "HUP")) {
            Signal signal = new Signal(name);
            try {
                before.put(signal, Signal.handle(signal, received -> heard(received, what)));
            } catch (IllegalArgumentException e) {
                // The JVM was told to leave signals alone (-Xrs): it then ends as any program does.
            }
        }
    }

    private void heard(Signal signal, String what) {
        if (exitCode != 0) {
            Runtime.getRuntime().halt(FROM_SIGNAL + signal.getNumber());
        }
        exitCode = FROM_SIGNAL + signal.getNumber();
        said.accept(what + "; once more to stop at once");
        stop.run();
    }

    /** The exit code that says which signal came, 0 if none did. */
    int exitCode() {
        return exitCode;
    }

    @Override
    public void close() {
        for (Map.Entry<Signal, SignalHandler> entry : before.entrySet()) {
            Signal.handle(entry.getKey(), entry.getValue());
        }
        before.clear();
    }
}
