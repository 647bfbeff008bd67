package dev.chaku.cli;

import dev.chaku.io.NewFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A verb: what all of them share, and the one way to their console. */
abstract class Verb implements Callable<Integer> {
    @Option(names = "--json", description = "Print one JSON object on standard output and nothing else there.")
    private boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("unused")
    private boolean help;

    @Spec
    private CommandSpec spec;

    private Console console;
    private String[] arguments = {};
    private int exitCode = ExitCode.DONE.code();

    final void attach(Console to, String[] typed) {
        console = to;
        arguments = typed;
    }

    /** The command line as it was typed, the verb first. */
    final List<String> arguments() {
        return List.of(arguments);
    }

    /** Ends with another exit code than that of a work done, for what is no failure. */
    final void endWith(int code) {
        exitCode = code;
    }

    final Console console() {
        return console;
    }

    /** The command line of this verb, for usage errors. */
    final CommandLine line() {
        return spec.commandLine();
    }

    final boolean json() {
        return json;
    }

    /** Prints the result: as JSON where asked for, else by the given printer. */
    final void result(Map<String, ?> fields, Runnable human) {
        if (json) {
            console.json(fields);
        } else {
            human.run();
        }
    }

    /**
     * Checks what options say together, before anything else is done.
     *
     * @throws ParameterException if they contradict each other, or one would have no effect
     */
    void validate() {}

    /** Whether an option stands on the command line or in the file of options. */
    final boolean given(String option) {
        return line().getParseResult().hasMatchedOption(option);
    }

    /** Refuses an option that does nothing without another. */
    final void requireBeside(String other, String... options) {
        for (String option : options) {
            if (given(option) && !given(other)) {
                throw usage(option + " has no effect without " + other + ": give both or neither");
            }
        }
    }

    /** Refuses an option that does nothing beside another. */
    final void refuseBeside(String other, String... options) {
        for (String option : options) {
            if (given(option) && given(other)) {
                throw usage(option + " has no effect beside " + other + ": give one of them");
            }
        }
    }

    /** Refuses an option that has no effect without one of some others. */
    final void requireEitherBeside(String option, String... others) {
        if (given(option) && Stream.of(others).noneMatch(this::given)) {
            throw usage(option + " has no effect without " + String.join(" or ", others) + ": give one of them, too");
        }
    }

    /** Checks a number of an option. */
    final void requireAtLeast(long least, String option, long value) {
        if (value < least) {
            throw usage(option + ": expected at least " + least + ", found " + value);
        }
    }

    final ParameterException usage(String message) {
        return new ParameterException(line(), message);
    }

    /** Files that will be written beside those that options name. */
    List<Path> alsoWritten() {
        return List.of();
    }

    /** A file that the verb writes, by the rule for all of them. */
    final NewFile output(Path path) {
        return Outputs.of(spec).file(path);
    }

    /** Does the verb's work; failures are exceptions. */
    abstract void execute() throws Exception;

    @Override
    public final Integer call() throws Exception {
        validate();
        Outputs.of(spec).check(alsoWritten());
        execute();
        return exitCode;
    }
}
