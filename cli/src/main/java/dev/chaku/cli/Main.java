package dev.chaku.cli;

import dev.chaku.ChakuException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

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
      TokenizeCommand.class,
      ModelCommand.class,
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
      "",
      "Exit codes: 0 done, 2 bad usage, 3 bad input, 4 not enough memory or disk, 5 device, 70 our own fault."
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec;

  /** Runs the command line and ends the JVM with its exit code. */
  public static void main(String[] args) {
    Console console = Console.ofProcess();
    if (lostLetters(args)) {
      console.error(
          "this locale has no letters beyond ASCII, and an argument has: set LC_ALL=C.UTF-8, as the launcher does");
      console.flush();
      System.exit(ExitCode.USAGE.code());
    }
    int code = run(console, args);
    console.flush();
    System.exit(code);
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
    line.setColorScheme(
        CommandLine.Help.defaultColorScheme(
            console.colours() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
    line.setCommandName(Program.name());
    nameProgram(line);
    line.setOverwrittenOptionsAllowed(true);
    line.setUsageHelpWidth(110);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler((failure, arguments) -> usageError(console, failure, arguments));
    line.setExecutionExceptionHandler((failure, command, result) -> executionError(console, failure));
    try {
      return line.execute(ConfigFile.expand(args));
    } catch (ChakuException e) {
      return executionError(console, e);
    }
  }

  /** Examples of the help start as the program was started. */
  private static void nameProgram(CommandLine line) {
    line.getCommandSpec().usageMessage().footer(Program.named(line.getCommandSpec().usageMessage().footer()));
    line.getSubcommands().values().forEach(Main::nameProgram);
  }

  /** Without a verb: the help. */
  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  private static int usageError(Console console, ParameterException failure, String[] arguments) {
    CommandLine line = failure.getCommandLine();
    String message = oneLine(failure.getMessage());
    List<String> near = List.of();
    // A flag that is not there is why a required one is missing, or the first thing to mend.
    Optional<String> unknown =
        failure instanceof MissingParameterException ? Suggestions.unknownFlag(line.getCommandSpec(), arguments) : Optional.empty();
    if (unknown.isPresent()) {
      message = "unknown option '" + unknown.get() + "'";
      near = Suggestions.flags(unknown.get(), line.getCommandSpec());
    } else if (failure instanceof UnmatchedArgumentException unmatched) {
      near = Suggestions.of(unmatched);
    }
    String hint = near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
    console.error(message + hint + " (see " + line.getCommandSpec().qualifiedName() + " --help)");
    return ExitCode.USAGE.code();
  }

  private static int executionError(Console console, Exception failure) {
    if (failure instanceof ChakuException known && ExitCode.of(known) != ExitCode.OUR_FAULT) {
      console.error(SettingNames.toFlags(oneLine(known.getMessage())));
      return ExitCode.of(known).code();
    }
    if (failure instanceof InvalidPathException path) {
      console.error(oneLine("no path: " + path.getMessage()));
      return ExitCode.BAD_INPUT.code();
    }
    console.error("internal fault, please report it: " + failure);
    failure.printStackTrace(console.err());
    return ExitCode.OUR_FAULT.code();
  }

  private static String oneLine(String message) {
    return message == null ? "unknown failure" : message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
