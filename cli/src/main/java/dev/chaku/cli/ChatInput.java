package dev.chaku.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/** Where the messages of a conversation come from: a terminal with editing and history, or a pipe. */
interface ChatInput extends AutoCloseable {
    /** What the user typed instead of a line: Ctrl-C. */
    String INTERRUPTED = "\u0003";

    /** The next message, whose lines end in {@code \} but the last; null at the end. */
    @Nullable
    String next() throws IOException;

    /** Runs a task that Ctrl-C stops, and not the program. */
    void stoppable(Runnable task, Runnable stop);

    /** Whether someone sits there. */
    boolean isTerminal();

    @Override
    void close() throws IOException;

    /** The terminal of the process, if both its ends are there, else its standard input. */
    static ChatInput ofProcess() throws IOException {
        boolean shown = "1".equals(System.getenv("CHAKU_STDOUT_IS_TERMINAL"));
        if (shown && System.console() != null && !"dumb".equals(System.getenv("TERM"))) {
            // By stty, which is on every system that has a terminal: no native library to unpack.
            Terminal terminal = TerminalBuilder.builder()
                    .system(true)
                    .provider("exec")
                    .nativeSignals(true)
                    .encoding(StandardCharsets.UTF_8)
                    .build();
            return new OfTerminal(terminal);
        }
        return ofPipe();
    }

    /** Standard input. */
    static ChatInput ofPipe() {
        return new OfPipe(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
    }

    /** Lines of a stream. */
    final class OfPipe implements ChatInput {
        private final BufferedReader lines;

        OfPipe(BufferedReader lines) {
            this.lines = lines;
        }

        @Override
        public @Nullable String next() throws IOException {
            StringBuilder message = new StringBuilder();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.endsWith("\\")) {
                    return message.append(line).toString();
                }
                message.append(line, 0, line.length() - 1).append('\n');
            }
            return message.isEmpty() ? null : message.toString().stripTrailing();
        }

        @Override
        public void stoppable(Runnable task, Runnable stop) {
            task.run();
        }

        @Override
        public boolean isTerminal() {
            return false;
        }

        @Override
        public void close() {
            // Standard input is the process's.
        }
    }

    /** A terminal, by JLine: history in a file of the user's, completion of commands. */
    final class OfTerminal implements ChatInput {
        private static final int MOST_REMEMBERED = 1000;

        private final Terminal terminal;
        private final LineReader reader;

        OfTerminal(Terminal terminal) throws IOException {
            this.terminal = terminal;
            DefaultParser parser = new DefaultParser();
            // A backslash at the end goes on; all else in a line is as it is.
            parser.setEscapeChars(null);
            parser.setQuoteChars(new char[0]);
            LineReaderBuilder builder = LineReaderBuilder.builder()
                    .terminal(terminal)
                    .appName("chaku")
                    .parser(parser)
                    .completer(new StringsCompleter(ChatLoop.commands()))
                    .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                    .option(LineReader.Option.HISTORY_TIMESTAMPED, false)
                    .variable(LineReader.HISTORY_SIZE, MOST_REMEMBERED)
                    .variable(LineReader.HISTORY_FILE_SIZE, MOST_REMEMBERED);
            Path history = history();
            if (history != null) {
                builder.variable(LineReader.HISTORY_FILE, history);
            }
            this.reader = builder.build();
        }

        /** Null where there is no home to keep it in. */
        private static @Nullable Path history() {
            String state = System.getenv("XDG_STATE_HOME");
            String home = System.getProperty("user.home", "");
            if ((state == null || state.isEmpty()) && home.length() < 2) {
                return null;
            }
            Path folder = (state == null || state.isEmpty() ? Path.of(home, ".local", "state") : Path.of(state))
                    .resolve("chaku");
            try {
                Files.createDirectories(folder);
                return folder.resolve("chat-history");
            } catch (IOException e) {
                return null; // A home that cannot be written to: the history is that of this conversation.
            }
        }

        @Override
        public @Nullable String next() {
            StringBuilder message = new StringBuilder();
            try {
                while (true) {
                    String line = reader.readLine(message.isEmpty() ? "> " : "… ");
                    if (!line.endsWith("\\")) {
                        return message.append(line).toString();
                    }
                    message.append(line, 0, line.length() - 1).append('\n');
                }
            } catch (UserInterruptException e) {
                return INTERRUPTED;
            } catch (EndOfFileException e) {
                return null;
            }
        }

        @Override
        public void stoppable(Runnable task, Runnable stop) {
            Terminal.SignalHandler before = terminal.handle(Terminal.Signal.INT, signal -> stop.run());
            try {
                task.run();
            } finally {
                terminal.handle(Terminal.Signal.INT, before);
            }
        }

        @Override
        public boolean isTerminal() {
            return true;
        }

        @Override
        public void close() throws IOException {
            terminal.close();
        }
    }
}
