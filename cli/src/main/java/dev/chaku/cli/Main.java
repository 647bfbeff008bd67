package dev.chaku.cli;

import dev.chaku.errors.ChakuException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The {@code chaku} command: one subcommand a verb. */
@Command(
        name = "chaku",
        description = "Fine-tunes and runs GGUF language models on this machine.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {
            DemoCommand.class,
            TrainCommand.class,
            GenerateCommand.class,
            ChatCommand.class,
            EvalCommand.class,
            EmbedCommand.class,
            RerankCommand.class,
            TokenizeCommand.class,
            ModelCommand.class,
            AdapterCommand.class,
            DataCommand.class,
            BenchCommand.class,
            DoctorCommand.class,
            SetupCommand.class,
            VersionCommand.class,
            HelpCommand.class,
        },
        footer = {
            "",
            "Examples:",
            "  chaku demo                                     see a fine-tuning, start to end",
            "  chaku train --model base.gguf --data train.jsonl --out runs/1",
            "  chaku generate --model base.gguf --adapter runs/1 --prompt \"Hello\"",
            "  chaku chat --model base.gguf --adapter runs/1",
            "",
            "Exit codes: 0 done, 2 bad usage, 3 bad input, 4 not enough memory or disk, 5 device, 70 our own fault,",
            "130 ended by Ctrl-C, 141 by the end of who read the output."
        })
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    /** Runs the command line and ends the JVM with its exit code. */
    public static void main(String[] args) {
        Console console = Console.ofProcess();
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> endOfAThread(console, failure));
        if (lostLetters(args)) {
            console.error(
                    "this locale has no letters beyond ASCII, and an argument has: set LC_ALL=C.UTF-8, as the launcher does");
            console.flush();
            System.exit(ExitCode.USAGE.code());
        }
        System.exit(run(console, args));
    }

    /** Whether the JVM replaced what its locale has no letter for: the arguments are then not what was typed. */
    private static boolean lostLetters(String[] args) {
        boolean unicode = System.getProperty("sun.jnu.encoding", "UTF-8").equalsIgnoreCase("UTF-8");
        return !unicode && Arrays.stream(args).anyMatch(argument -> argument.indexOf('\uFFFD') >= 0);
    }

    /** Runs one command line on a console; for tests and for {@link #main}. */
    static int run(Console console, String... args) {
        CommandLine line = new CommandLine(new Main(), new VerbFactory(console, args));
        line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
        line.setColorScheme(CommandLine.Help.defaultColorScheme(
                console.colours() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
        line.setCommandName(Program.name());
        nameProgram(line);
        line.setUsageHelpWidth(110);
        Values.register(line);
        Failures failures = new Failures(console);
        line.setExecutionStrategy(result -> execute(failures, result));
        line.setParameterExceptionHandler((failure, arguments) -> failures.usage(failure, arguments));
        line.setExecutionExceptionHandler((failure, command, result) -> failures.execution(command, failure));
        try {
            ConfigFile config = ConfigFile.of(line, args);
            failures.optionsFrom(config);
            int code = line.execute(config.arguments());
            console.flush();
            return code;
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
            return failures.execution(null, e);
        }
    }

    /** Examples of the help start as the program was started. */
    private static void nameProgram(CommandLine line) {
        line.getCommandSpec()
                .usageMessage()
                .footer(Program.named(line.getCommandSpec().usageMessage().footer()));
        line.getSubcommands().values().forEach(Main::nameProgram);
    }

    /** Runs the verb, or shows the help, whose failures the parser would print with their trace. */
    private static int execute(Failures failures, ParseResult result) {
        try {
            return new CommandLine.RunLast().execute(result);
        } catch (ReaderGone | ChakuException e) {
            return failures.execution(null, e);
        }
    }

    /** A thread that nobody waits for ran out of memory: others may wait for it for ever, so the process ends here. */
    private static void endOfAThread(Console console, Throwable failure) {
        Failures.exhaustion(failure)
                .ifPresentOrElse(
                        grave -> {
                            console.error(Failures.words(grave));
                            Runtime.getRuntime().halt(ExitCode.NO_RESOURCES.code());
                        },
                        () -> failure.printStackTrace(console.err()));
    }

    /** Without a verb: the help. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
