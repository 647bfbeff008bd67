package dev.chaku.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code chaku data}: verbs about data sets. */
@Command(
    name = "data",
    description = "Looks at data sets.",
    subcommands = {DataCheckCommand.class},
    footer = {"", "Example:", "  chaku data check train.jsonl --model base.gguf"})
final class DataCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("unused")
  private boolean help;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "data needs a verb: " + String.join(", ", spec.subcommands().keySet()));
  }
}
