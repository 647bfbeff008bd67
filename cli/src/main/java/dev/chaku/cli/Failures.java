package dev.chaku.cli;

import dev.chaku.errors.BadInputException;
import dev.chaku.errors.ChakuException;
import dev.chaku.io.FileFault;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** What a verb's failure tells the user, on one line, and the exit code that goes with it. */
final class Failures {
    private final Console console;
    private @Nullable ConfigFile config;

    Failures(Console console) {
        this.console = console;
    }

    /** Messages about options of a file say where they stand in it. */
    void optionsFrom(ConfigFile file) {
        config = file;
    }

    /** Of a command line that cannot be understood. */
    int usage(ParameterException failure, String... arguments) {
        return usage(failure.getCommandLine(), UsageFault.words(failure, arguments));
    }

    private int usage(CommandLine line, String message) {
        String placed = config == null ? message : config.placed(message);
        console.error(oneLine(placed) + " (see " + line.getCommandSpec().qualifiedName() + " --help)");
        return ExitCode.USAGE.code();
    }

    /**
     * Of work that failed.
     *
     * @param line of the verb, if one was found
     */
    int execution(@Nullable CommandLine line, Throwable failure) {
        if (failure instanceof ReaderGone) {
            return ExitCode.READER_GONE.code();
        }
        Optional<Error> grave = exhaustion(failure);
        if (grave.isPresent()) {
            console.error(words(grave.get()));
            return ExitCode.NO_RESOURCES.code();
        }
        if (failure instanceof ParameterException usage) {
            return usage(usage);
        }
        if (failure instanceof BadInputException bad
                && line != null
                && option(line, bad).isPresent()) {
            String setting = bad.setting().orElseThrow();
            return usage(line, option(line, bad).get() + bad.getMessage().substring(setting.length()));
        }
        if (failure instanceof ChakuException known && ExitCode.of(known) != ExitCode.OUR_FAULT) {
            console.error(SettingNames.toFlags(oneLine(known.getMessage())));
            return ExitCode.of(known).code();
        }
        if (failure instanceof UncheckedIOException wrapped) {
            return execution(line, wrapped.getCause());
        }
        if (failure instanceof IOException file) {
            String where = failure instanceof FileSystemException named && named.getFile() != null
                    ? named.getFile()
                    : "a file";
            console.error(oneLine(where + ": " + FileFault.reason(file)));
            return (FileFault.isDiskFull(file) ? ExitCode.NO_RESOURCES : ExitCode.BAD_INPUT).code();
        }
        if (failure instanceof InvalidPathException path) {
            console.error(oneLine(path.getInput() + ": expected the name of a file, found one that no file can have"));
            return ExitCode.BAD_INPUT.code();
        }
        console.error("internal fault, please report it: " + failure);
        failure.printStackTrace(console.err());
        return ExitCode.OUR_FAULT.code();
    }

    /**
     * The verb's option for the setting that is out of its range: the library names settings, a command line options.
     */
    private static Optional<String> option(CommandLine line, BadInputException failure) {
        return failure.setting()
                .map(setting -> "--" + setting.replace(' ', '-'))
                .filter(name -> line.getCommandSpec().findOption(name) != null);
    }

    /** The lack of Java memory, wherever in the chain of causes; other threads hand theirs on wrapped. */
    static Optional<Error> exhaustion(Throwable failure) {
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < 20; cause = cause.getCause(), depth++) {
            if (cause instanceof OutOfMemoryError || cause instanceof StackOverflowError) {
                return Optional.of((Error) cause);
            }
        }
        return Optional.empty();
    }

    static String words(Error exhaustion) {
        if (exhaustion instanceof StackOverflowError) {
            return "not enough stack for something nested this deep; give more: CHAKU_JAVA_OPTIONS=-Xss16m";
        }
        String reason = String.valueOf(exhaustion.getMessage());
        if (reason.contains("native thread")) {
            return "the system gives no more threads: end other programs or raise its limit (ulimit -u)";
        }
        if (reason.contains("array size") || reason.contains("Required length")) {
            return "something is longer than the two thousand million elements that Java can hold at once: split the input";
        }
        long heap = Runtime.getRuntime().maxMemory();
        return "not enough Java memory: it may take " + ProgressLine.bytes(heap)
                + "; give more, for instance CHAKU_JAVA_OPTIONS=-Xmx" + Math.max(1, 2 * heap >> 30) + "g";
    }

    private static String oneLine(@Nullable String message) {
        return message == null ? "unknown failure" : message.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
